"""Programs that end with this one, however it ends: an error, a closed terminal, a kill."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

# linux/prctl.h
_PR_SET_PDEATHSIG = 1

# The kernel's signal comes when the thread that started a child ends, not the process (prctl(2)):
# one thread starts them all, and lives as long as we do.
_spawner = ThreadPoolExecutor(1, "children")


def start(
    command: Sequence[str | Path], ends: signal.Signals = signal.SIGTERM, **options: Any
) -> subprocess.Popen[bytes]:
    """Start a program that ends with this process, even when that is killed.

    A program in a session of its own is out of reach of Ctrl-C and of the terminal's end, and still
    ends with us. Only Linux can promise this; elsewhere `end` must be called.

    Args:
        ends: the signal that tells it.
        options: more of `subprocess.Popen`.

    Raises:
        OSError: it cannot be started.
    """
    if sys.platform != "linux":
        return subprocess.Popen(command, **options)
    prepare = _ends_with_us(os.getpid(), ends)

    def spawn() -> subprocess.Popen[bytes]:
        return subprocess.Popen(command, preexec_fn=prepare, **options)  # noqa: PLW1509 - no locks

    return _spawner.submit(spawn).result()


def _ends_with_us(parent: int, ends: signal.Signals) -> Callable[[], None]:
    """What the child does before it becomes the program."""
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def prepare() -> None:
        prctl(_PR_SET_PDEATHSIG, int(ends), 0, 0, 0)
        if os.getppid() != parent:  # it ended meanwhile
            os.kill(os.getpid(), signal.SIGKILL)

    return prepare


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process: ask, then insist. What it printed can still be read from its pipe."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()
