"""One command at a time on the debug probe: an advisory lock that all commands here take.

The lock belongs to an open file that the tools inherit, so it lasts as long as a tool runs even if
this program is killed, and it is gone when both are.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from support.errors import UserError

_POLL = 0.2


def lock_path() -> Path:
    """The lock file of this user (a shared one could not be opened by two users everywhere)."""
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    folder = runtime if os.access(runtime, os.W_OK) else tempfile.gettempdir()
    user = getpass.getuser() if sys.platform == "win32" else os.getuid()
    return Path(folder) / f"nn2flash-probe-{user}.lock"


@contextlib.contextmanager
def probe_lock(purpose: str, wait: float, path: Path | None = None) -> Iterator[int]:
    """Hold the probe while the block runs; yields the descriptor that tools must inherit.

    Args:
        purpose: what for, told to those who wait.
        wait: seconds to wait for someone else's end.
        path: the lock file; None: this user's, for the debug probe.

    Raises:
        UserError: it was not free in time; the message says who has it.
    """
    path = path or lock_path()
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
    with os.fdopen(os.open(path, flags, 0o600), "r+", encoding="utf-8") as stream:
        _acquire(stream, wait)
        stream.seek(0)
        stream.truncate()
        stream.write(f"{purpose} (process {os.getpid()})")
        stream.flush()
        try:
            yield stream.fileno()
        finally:
            stream.seek(0)
            stream.truncate()


def _acquire(stream: IO[str], wait: float) -> None:
    end = time.monotonic() + wait
    told = False
    while not _try_lock(stream):
        stream.seek(0)
        holder = stream.read().strip() or "another command"
        if time.monotonic() > end:
            raise UserError(
                f"the debug probe is in use by {holder}", "wait for its end, or end it yourself"
            )
        if not told:
            print(f"waiting for the debug probe: in use by {holder}", file=sys.stderr)
            told = True
        time.sleep(_POLL)


if sys.platform == "win32":
    import msvcrt

    def _try_lock(stream: IO[str]) -> bool:
        # A byte far behind the text: Windows locks keep others from reading what they cover.
        stream.seek(1 << 20)
        try:
            msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try_lock(stream: IO[str]) -> bool:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
