"""A build that was killed, or edited behind SCons' back, ends right the next time."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.graph.conftest import Built
from tests.graph.kills import Victim, built_files, campaign
from tests.graph.project import Project, files_below
from tests.graph.wrapped_python import wrapped_python


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


def test_edit_taken_back_after_a_command_that_wrote_and_failed(
    given: Built, project: Project
) -> None:
    """As when Ctrl-C comes between a command's last file and its end, after others have ended."""
    after = 'case "$*" in *"codegen subset"*) sleep 3; exit 130; esac'
    with wrapped_python(project, after=after):
        run = project.scons("-j2", subset_size="9", werror="1")
    assert run.status != 0
    ended = "CC build/mps2_an500/obj/firmware/app/console.o"
    assert {"SUBSET build/app/test_subset.h", ended} <= run.commands
    assert "SUBSET build/app/test_subset.h" in project.build().commands
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


def test_kill_at_random_points(project: Project) -> None:
    """A sample of the campaign that `scons soak` runs at full length."""
    changes = {"subset_seed": "7", "name": "other"}
    found = campaign(Victim(project, built_files(project), 3.0, changes), kills=2, seed=1)
    assert found.total() == 2


def test_record_that_cannot_be_written(given: Built, project: Project) -> None:
    """A disk that is full at the very end: one line, and the next run ends right."""
    in_the_way = project.path("build/.sconsign.tmp")
    in_the_way.mkdir()
    run = project.scons(subset_seed="7")
    assert run.status != 0
    assert run.output.endswith(
        f"cannot write {in_the_way}: Is a directory: move that folder away, or give a file,"
        " then run scons again\n"
    )
    assert "Traceback" not in run.output and 'File "' not in run.output
    in_the_way.rmdir()
    project.build()
    assert built_files(project) == built_files(given.project)


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


def test_a_page_that_fails_leaves_the_one_before(project: Project) -> None:
    """What changed from build to build is kept beside it: it is not made again from nothing."""
    assert project.scons("report").status == 0
    (page,) = project.path("build").rglob("report.html")
    before = {path: path.read_bytes() for path in (page, page.with_suffix(".json"))}
    project.append("templates/report/report.html.j2", "{{ nothing_of_that_name }}")
    assert project.scons("report").status != 0
    assert {path: path.read_bytes() for path in before if path.exists()} == before
