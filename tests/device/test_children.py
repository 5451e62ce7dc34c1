"""What a command started ends with it, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from device.gdb import free_port
from support import children
from tests.demo.browse import children as started_by
from tests.device.conftest import ROOT, Build, board_toml

ENDS = [signal.SIGKILL, signal.SIGHUP, signal.SIGTERM]
HANG = ["-DACTION=HANG"]


def alive(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_until(true: Callable[[], object], what: str) -> None:
    stop = time.monotonic() + 20
    while not true():
        assert time.monotonic() < stop, what
        time.sleep(0.02)


@contextmanager
def running(*words: str | Path) -> Iterator[tuple[subprocess.Popen[bytes], list[int]]]:
    """A command in a session of its own, and what it has started by then."""
    process = subprocess.Popen(
        [sys.executable, *map(str, words)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    found: list[int] = []
    try:
        wait_until(lambda: started_by(process.pid), "nothing was started")
        time.sleep(0.5)  # a second one, or one that ends at once
        found = started_by(process.pid)
        yield process, found
    finally:
        process.kill()
        process.communicate()
        for pid in filter(alive, found):
            os.kill(pid, signal.SIGKILL)


def check_end(process: subprocess.Popen[bytes], found: list[int], how: signal.Signals) -> None:
    """End a command alone, as the kernel's killer of memory or another user's `kill` does."""
    assert found and all(alive(pid) for pid in found)
    process.send_signal(how)
    process.wait(20)
    wait_until(lambda: not any(alive(pid) for pid in found), "left behind")


@pytest.mark.parametrize("how", ENDS)
@pytest.mark.parametrize("board", ["mps2_an500", "host"])
def test_sim(board: str, how: signal.Signals, build: Build) -> None:
    elf = build("misbehave", board, HANG) if board == "mps2_an500" else build("hang", board)
    with running("-m", "device", "sim", "--board", board_toml(board), "--elf", elf) as started:
        check_end(*started, how)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGHUP])
@pytest.mark.parametrize("command", ["gdbserver", "debug"])
def test_gdb(command: str, how: signal.Signals, build: Build) -> None:
    words: list[str | Path] = ["-m", "device", command, "--board", board_toml("mps2_an500")]
    words += ["--elf", build("misbehave", flags=HANG)]
    more = ["--port", str(free_port())] if command == "gdbserver" else ["--ex", "continue"]
    count = 1 if command == "gdbserver" else 2
    with running(*words, *more) as (process, _):
        wait_until(lambda: len(started_by(process.pid)) == count, "not all was started")
        check_end(process, started_by(process.pid), how)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGHUP])
def test_firmware_that_talks(how: signal.Signals, build: Build) -> None:
    """validate, demo and monitor: in a session of its own, started by whichever thread asks."""
    program = (
        "import sys, threading, time\n"
        "from device.link.process import ProcessTransport\n"
        "kept = []\n"
        "def start(): kept.append(ProcessTransport([sys.argv[1]], 'firmware'))\n"
        "asks = threading.Thread(target=start)\n"
        "asks.start(); asks.join(); time.sleep(600)\n"
    )
    with running("-c", program, build("hang", "host")) as (process, found):
        assert all(alive(pid) for pid in found)  # though the thread that asked has ended
        check_end(process, found, how)


def test_a_program_that_is_none() -> None:
    with pytest.raises(FileNotFoundError):
        children.start(["/nowhere/program"])
