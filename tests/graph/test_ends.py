"""What runs after a build ends with its SCons, also when that is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.demo.browse import children
from tests.graph.project import REPOSITORY, Project

NETWORK = REPOSITORY / "tests" / "fixtures" / "guide_int8.onnx"


def below(pid: int) -> list[int]:
    """A process' children, theirs, and so on."""
    try:
        started = children(pid)
    except (FileNotFoundError, ProcessLookupError):  # it ended meanwhile
        return []
    return [each for child in started for each in (child, *below(child))]


def alive(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def is_qemu(pid: int) -> bool:
    try:
        return b"qemu-system-arm" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.sample(2, each=["target"])
@pytest.mark.parametrize(
    ("target", "how"),
    [
        ("sim", signal.SIGKILL),
        ("sim", signal.SIGTERM),
        ("sim", signal.SIGHUP),
        ("demo", signal.SIGKILL),
    ],
)
def test_firmware_ends_with_scons(target: str, how: signal.Signals, project: Project) -> None:
    """SCons alone gets the signal, not its group: no terminal ends what it has started."""
    hang = "board_init();\n    for (volatile int turns = 0;; turns++) {\n    }"
    project.replace("templates/app/main.c.j2", "board_init();", hang)
    digits = {"network": str(NETWORK), "listen": "0"}  # the page wants images
    process = subprocess.Popen(
        project.command(target, **(digits if target == "demo" else {})),
        cwd=project.root,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    found: list[int] = []
    try:
        while not any(map(is_qemu, found := below(process.pid))):
            assert process.poll() is None, "no firmware was started"
            time.sleep(0.05)
        time.sleep(1)
        assert all(map(alive, found)), "it ended by itself"
        process.send_signal(how)
        process.wait(60)
        stop = time.monotonic() + 20
        while left := list(filter(alive, found)):
            assert time.monotonic() < stop, f"left behind: {left}"
            time.sleep(0.02)
    finally:
        for pid in filter(alive, [process.pid, *found]):
            os.kill(pid, signal.SIGKILL)
        process.wait()


@pytest.mark.sample(2, each=["how"])
@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGHUP])
def test_a_command_ends_with_scons(how: signal.Signals, jobs: str, project: Project) -> None:
    """A training may take an hour, and SCons alone gets the signal."""
    asleep = project.path("asleep")
    text = f"import os, time\nopen({str(asleep)!r}, 'w').write(str(os.getpid()))\ntime.sleep(600)\n"
    project.append("codegen/subset.py", f"\n{text}")
    process = subprocess.Popen(
        [*project.command("elf"), "-j", jobs],
        cwd=project.root,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    found: list[int] = []
    try:
        while not asleep.exists() or not asleep.read_text():
            assert process.poll() is None, "the command was not started"
            time.sleep(0.05)
        time.sleep(2)
        found = below(process.pid)
        assert int(asleep.read_text()) in found, "it ended by itself"
        process.send_signal(how)
        said, _ = process.communicate(timeout=20)
        assert process.returncode != 0 and b"Traceback" not in said, said
        assert not list(filter(alive, found)), "left behind"
    finally:
        for pid in filter(alive, [process.pid, *found]):
            os.kill(pid, signal.SIGKILL)
        process.wait()
