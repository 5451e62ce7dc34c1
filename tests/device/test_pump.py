"""What a process prints is read to its end, whoever lets go of the pipe meanwhile."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from device.boards import read_board
from device.emulators import host
from device.emulators.base import SimOptions
from device.emulators.stream import ConsolePump
from device.pump import Pump
from support.errors import UserError
from tests.device.conftest import board_toml


@pytest.fixture(autouse=True)
def failed_threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[BaseException | None]]:
    """What ended a thread; nothing may."""
    failed: list[BaseException | None] = []
    monkeypatch.setattr(threading, "excepthook", lambda told: failed.append(told.exc_value))
    yield failed
    assert not failed


def test_a_pipe_that_somebody_closes() -> None:
    """Another file gets the number of the pipe then: the pump reads its own, and only that."""
    reading, writing = os.pipe()
    pipe = os.fdopen(reading, "rb", 0)
    pump = ConsolePump(pipe, lambda text: None)
    pipe.close()
    others = os.pipe()
    os.write(others[1], b"another file's")
    try:
        os.write(writing, b"one ")
        os.write(writing, b"two")
        os.close(writing)
        assert pump.text() == "one two"
    finally:
        for descriptor in others:
            os.close(descriptor)


def test_a_program_that_is_ended_while_it_talks(tmp_path: Path) -> None:
    program = tmp_path / "talks"
    talking = [sys.executable, "-c", "while True: print('line', flush=True)"]
    program.write_text(f"#!/bin/sh\nexec {shlex.join(talking)}\n")
    program.chmod(0o755)
    shown: list[str] = []
    options = SimOptions(timeout=0.5, console=shown.append)
    with pytest.raises(UserError, match="did not finish"):
        host.run(read_board(board_toml("host")), program, options)
    ended = len(shown)
    assert "line" in "".join(shown)
    assert not any(thread.name.endswith("(_pump)") for thread in threading.enumerate())
    assert len(shown) == ended, "it still talks behind the error"


def test_a_sink_that_fails_holds_nobody_up() -> None:
    """The process goes on, and whoever waits for it is told."""
    words = [sys.executable, "-c", "for turn in range(40_000): print('a line of text')"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, bufsize=0)
    assert process.stdout is not None

    def sink(data: bytes) -> None:
        raise BrokenPipeError

    pump = Pump(process.stdout, sink)
    assert process.wait(60) == 0
    with pytest.raises(BrokenPipeError):
        pump.finish()
