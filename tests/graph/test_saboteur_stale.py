"""No build takes another's files for its own, nor old ones for new."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import pytest

from tests.graph.conftest import Built
from tests.graph.kills import built_files
from tests.graph.project import REPOSITORY, Project
from tests.graph.tiny_model import write_tiny_model
from tests.graph.wrapped_python import wrapped_python

DIGITS = REPOSITORY / "tests" / "fixtures" / "guide_int8.onnx"


def set_times(path: Path, seconds: int) -> None:
    os.utime(path, (seconds, seconds))


def waiting(marker: Path) -> str:
    """Shell that says it is there and goes on when it is let; it ends with the tests."""
    until = f'[ -e "{marker}.go" ] || ! kill -0 {os.getpid()} 2>/dev/null'
    return f'touch "{marker}"; until {until}; do sleep 0.05; done'


def wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    while not path.exists():
        assert process.poll() is None, "it ended before"
        time.sleep(0.05)


def test_what_waits_ends_with_the_tests(tmp_path: Path) -> None:
    """Else a run of the tests that is killed leaves shells that look for a file for ever."""
    program = (
        "import sys\nfrom tests.graph.test_saboteur_stale import Path, subprocess, waiting\n"
        "words = ['sh', '-c', waiting(Path(sys.argv[1]))]\n"
        "print(subprocess.Popen(words, stdout=subprocess.DEVNULL).pid)"
    )
    words = [sys.executable, "-c", program, str(tmp_path / "marker")]
    done = subprocess.run(words, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True, check=True)
    shell, end = Path("/proc", done.stdout.strip(), "cmdline"), time.monotonic() + 60
    with suppress(FileNotFoundError, ProcessLookupError):
        while b"marker" in shell.read_bytes():
            assert time.monotonic() < end, "it waits for ever"
            time.sleep(0.05)


@contextmanager
def started(
    project: Project, output: IO[str], *targets: str, **variables: str
) -> Iterator[subprocess.Popen[str]]:
    """A run of SCons in a session of its own, of which the block's end leaves nothing."""
    process = subprocess.Popen(
        project.command(*targets, **variables),
        cwd=project.root,
        stdout=output,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_another_network_under_the_same_time(project: Project) -> None:
    """As from an archive, an image's layer, or `touch -d`."""
    network = project.path("tiny.onnx")
    set_times(network, 1_577_836_800)
    project.build()
    before = project.elf()
    size = network.stat().st_size
    write_tiny_model(network, seed=1)
    assert network.stat().st_size == size
    set_times(network, 1_577_836_800)
    project.build()
    assert project.elf() != before
    write_tiny_model(network)
    set_times(network, 1_577_836_800)
    project.build()
    assert project.elf() == before


def test_another_source_under_the_same_time(project: Project) -> None:
    source = project.path("firmware/app/console.c")
    text = source.read_text()
    source.write_text(f"{text}/* one */\n")
    set_times(source, 1_577_836_800)
    project.build()
    source.write_text(f"{text}/* two */\n")
    set_times(source, 1_577_836_800)
    assert "CC build/mps2_an500/obj/firmware/app/console.o" in project.build().commands


def test_a_record_dated_in_the_future(given: Built, project: Project) -> None:
    record = project.path("build/.sconsign.dblite")
    old = shutil.copy2(record, project.root / "record")
    project.build(subset_seed="7")
    shutil.copy(old, record)
    set_times(record, 4_102_444_800)
    assert project.build().commands
    assert built_files(project) == built_files(given.project)


@pytest.mark.sample(1)
@pytest.mark.parametrize("name", ["firmware.elf", "firmware.hex", "obj/app/main.c.o", "memory.txt"])
def test_a_built_file_replaced_by_an_older_one(name: str, given: Built, project: Project) -> None:
    file = project.path(f"build/mps2_an500/{name}")
    backup = Path(shutil.copy2(file, project.root / "backup"))
    project.build(subset_size="7")
    set_times(backup, 1_577_836_800)
    now = built_files(project)
    shutil.copy2(backup, file)
    project.build(subset_size="7")
    assert built_files(project) == now
    file.unlink()
    project.build(subset_size="7")
    assert built_files(project) == now


def test_two_terminals(given: Built, project: Project, tmp_path: Path) -> None:
    """One runs what it built, the other builds an edit, Ctrl-C in the first, the edit is undone."""
    running = tmp_path / "running"
    report = f'echo "$*" > "{tmp_path}/words"; {waiting(running)}'
    before = f'case "$*" in *"device sim"*) {report};; esac'
    with (
        wrapped_python(project, before=before),
        (tmp_path / "out").open("w+") as output,
        started(project, output, "sim") as first,
    ):
        wait_for(running, first)
        second = project.build(subset_seed="7")
        assert "LINK build/mps2_an500/firmware.elf" in second.commands
        words = (tmp_path / "words").read_text().split()
        private = Path(words[words.index("--elf") + 1])
        assert private.read_bytes() == given.project.elf()
        assert private.read_bytes() != project.elf()
        os.killpg(first.pid, signal.SIGINT)
        assert first.wait() != 0
    assert not private.exists()
    assert "LINK build/mps2_an500/firmware.elf" in project.build().commands
    assert built_files(project) == built_files(given.project)


def test_what_runs_decides_the_status(project: Project) -> None:
    before = 'case "$*" in *"device sim"*) exit 7;; esac'
    with wrapped_python(project, before=before):
        assert project.scons("sim").status == 7
    run = project.build("sim")
    assert "output bytes identical to the reference" in run.output


@pytest.mark.sample(2)
@pytest.mark.parametrize("target", ["debug", "gdbserver", "validate", "demo", "monitor"])
def test_what_runs_leaves_the_folder_to_others(target: str, project: Project) -> None:
    """It starts when the record is written and the lock is free, and reads its own copies."""
    told = 'flock -n build/.nn2flash.lock echo "apart: $*"; exit 7'
    board = {"board": "stm32h750b_dk"} if target == "monitor" else {}
    digits = {"network": str(DIGITS)} if target == "demo" else {}  # the page wants images
    with wrapped_python(project, before=f'case "$*" in *"device {target}"*) {told};; esac'):
        run = project.scons(target, **board, **digits)
    assert run.status == 7, run.output
    (line,) = re.findall("^apart: (.*)$", run.output, re.MULTILINE)
    elves = re.findall(r"\S+firmware\.elf", line)
    assert len(elves) == (target != "monitor")
    assert all("/nn2flash-run-" in elf for elf in elves), line


@pytest.mark.sample(1)
@pytest.mark.parametrize("ends", [True, False], ids=["in its own time", "killed"])
def test_two_builds_at_once(ends: bool, project: Project, tmp_path: Path) -> None:
    """The second waits and says for whom; a killed one keeps nobody waiting."""
    running = tmp_path / "running"
    before = f'case "$*" in *"codegen subset"*) {waiting(running)};; esac'
    with (
        wrapped_python(project, before=before),
        (tmp_path / "one").open("w+") as one,
        (tmp_path / "two").open("w+") as two,
        started(project, one, subset_seed="7") as first,
    ):
        wait_for(running, first)
        with started(project, two, subset_seed="8") as second:
            if ends:
                while "waiting" not in (said := (tmp_path / "two").read_text()):
                    assert second.poll() is None, said
                    time.sleep(0.05)
                assert re.search(rf"waiting: process {first.pid} \(scons -Q .*seed=7", said), said
            else:
                os.kill(first.pid, signal.SIGKILL)
            (tmp_path / "running.go").touch()
            assert first.wait() == (0 if ends else -signal.SIGKILL)
            assert second.wait() == 0, (tmp_path / "two").read_text()
    assert not project.build(subset_seed="8").commands
