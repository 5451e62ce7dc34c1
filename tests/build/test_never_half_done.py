"""A build that was killed, or edited behind SCons' back, ends right the next time."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.build.conftest import Built
from tests.build.project import Project, files_below


def built_files(project: Project) -> dict[str, bytes]:
    files = files_below(project.path("build"))
    return {name: data for name, data in files.items() if not name.startswith(".sconsign")}


def test_edit_taken_back_after_a_kill(given: Built, project: Project) -> None:
    """The record of before the kill fits the sources again, the files do not."""
    record = project.path("build/.sconsign.dblite")
    before = shutil.copy2(record, project.root / "record")
    time.sleep(0.02)
    project.build(subset_seed="7")
    assert built_files(project) != built_files(given.project)
    shutil.copy2(before, record)
    assert project.build().commands
    assert built_files(project) == built_files(given.project)


def test_built_file_edited_by_hand(given: Built, project: Project) -> None:
    project.append("build/app/main.c", "\n#error edited by hand\n")
    assert "RENDER build/app/main.c" in project.build().commands
    assert built_files(project) == built_files(given.project)


def test_built_file_deleted(given: Built, project: Project) -> None:
    """One of many files of one command."""
    project.path("build/network/network_data.h").unlink()
    assert project.build().commands == {"GENERATE build/network/network.c"}
    assert built_files(project) == built_files(given.project)


def test_temporary_files_of_a_killed_command_go(project: Project) -> None:
    left = project.path("build/app/.tmp-abc.c")
    left.write_text("half")
    project.build()
    assert not left.exists()


def kill_once(project: Project, after: float, how: signal.Signals) -> None:
    """Start a build in a process group of its own and kill all of it `after` seconds later."""
    process = subprocess.Popen(
        project.command(),
        cwd=project.root,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        process.wait(after)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, how)
    process.wait()
    if how is signal.SIGKILL:
        return
    # Commands of an interrupted build may still be ending.
    for _ in range(100):
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)


def campaign(given: Built, root: Path, kills: int, seed: int) -> None:
    """Kill builds at random points; whenever one ends by itself, its files must be right."""
    rng = random.Random(seed)
    expected = built_files(given.project)
    project = given.project.clone(root)
    project.build("-c")
    for _ in range(kills):
        kill_once(project, rng.uniform(0.2, 3.0), rng.choice((signal.SIGINT, signal.SIGKILL)))
        if rng.random() < 0.3:
            project.build("-c")
    project.build()
    assert built_files(project) == expected
    assert not project.build().commands


def test_kill_at_random_points(given: Built, tmp_path: Path) -> None:
    campaign(given, tmp_path / "project", kills=6, seed=1)


def test_disk_full(given: Built, tmp_path: Path) -> None:
    """A build folder on a file system that fills up: a message, and nothing half-written."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(disk)]
    if subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("may not mount a file system")
    try:
        project = given.project.clone(tmp_path / "project")
        whole = built_files(project)
        run = project.scons(build_dir=str(disk))
        assert run.status != 0
        assert "No space left on device" in run.output
        written = files_below(disk)
        for name, data in written.items():
            if name.endswith((".c", ".h", ".json", ".npz", ".ld", ".txt")):
                assert data == whole[name], name
        subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
        project.build(build_dir=str(disk))
        elf = disk / "mps2_an500" / "firmware.elf"
        assert elf.read_bytes() == given.project.elf()
    finally:
        subprocess.run(["umount", str(disk)], check=True)
