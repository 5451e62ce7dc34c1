"""One build at a time in a build folder: an advisory lock that is gone when its process is.

The commands of a build inherit it, so that one that outlives a killed SCons keeps the next build
out until it has ended, too.
"""

from __future__ import annotations

import fcntl
import os
import shlex
import sys
from pathlib import Path

NAME = ".nn2flash.lock"

_held: list[int] = []


def acquire(folder: Path) -> int:
    """Lock a build folder for this process, waiting for another one's end; returns the file.

    Raises:
        OSError: the lock's file cannot be made.
    """
    handle = os.open(folder / NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.stderr.write(f"scons: waiting: {_holder(handle)} builds in {folder}\n")
        sys.stderr.flush()
        fcntl.flock(handle, fcntl.LOCK_EX)
    os.ftruncate(handle, 0)
    os.pwrite(handle, f"{os.getpid()} {shlex.join(['scons', *sys.argv[1:]])}".encode(), 0)
    _held.append(handle)
    return handle


def release() -> None:
    """Let others build."""
    while _held:
        handle = _held.pop()
        os.ftruncate(handle, 0)
        fcntl.flock(handle, fcntl.LOCK_UN)
        os.close(handle)


def _holder(handle: int) -> str:
    """Who has it, as they wrote down."""
    pid, _, command = os.pread(handle, 4096, 0).decode("utf-8", "replace").partition(" ")
    if not pid.isdecimal():
        return "another process"
    ended = not Path("/proc", pid).exists() and Path("/proc/self").exists()
    return f"what is left of process {pid} ({command})" if ended else f"process {pid} ({command})"
