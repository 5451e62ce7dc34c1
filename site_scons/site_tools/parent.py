"""Programs that end with SCons, however it ends: nobody would wait for what they write."""

from __future__ import annotations

import functools
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
# Seconds in which a command may still be started that SCons had chosen before it was told to end.
_LATE = 5.0
_ENDING = (signal.SIGTERM, signal.SIGHUP)


@functools.cache
def _prctl() -> Callable[..., int] | None:
    """Linux's; None elsewhere."""
    import ctypes

    found: Callable[..., int] | None = getattr(ctypes.CDLL(None), "prctl", None)
    return found


def ends_with_parent() -> Callable[[], None] | None:
    """What a child calls before it becomes its program (`preexec_fn`): SIGTERM when we are killed.

    The kernel looks at the thread that started the child, not the process (prctl(2)): it has to
    live as long as the child may.
    """
    prctl, parent = _prctl(), os.getpid()
    if prctl is None:
        return None

    def prepare() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it was killed meanwhile
            os.kill(os.getpid(), signal.SIGKILL)

    return prepare


class _Running:
    """What runs for the build now, and when it was told to end."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._processes: set[subprocess.Popen[bytes]] = set()
        self._told = -_LATE

    def run(self, words: Sequence[str], **options: object) -> int:
        """Run a program to its end; its status, as `subprocess` tells it.

        Raises:
            OSError: it cannot be started.
        """
        with self._lock:
            process = subprocess.Popen(words, preexec_fn=ends_with_parent(), **options)  # type: ignore[call-overload] # noqa: PLW1509
            self._processes.add(process)
            if time.monotonic() - self._told < _LATE:
                process.terminate()
        try:
            return int(process.wait())
        except BaseException:
            process.kill()
            process.wait()
            raise
        finally:
            with self._lock:
                self._processes.discard(process)

    def end(self) -> None:
        """Tell all of them to end."""
        with self._lock:
            self._told = time.monotonic()
            for process in self._processes:
                process.terminate()

    def watch(self, signals: int) -> None:
        """Read the numbers of signals, for ever."""
        while data := os.read(signals, 64):
            if any(ending in data for ending in _ENDING):
                self.end()


_running = _Running()
run = _running.run


@functools.cache
def pass_on_endings() -> None:
    """Let a call to end, SIGTERM or SIGHUP, reach the commands of the build.

    SCons notes it, starts nothing more and waits for what runs: an hour, if that is a training.
    (Ctrl-C comes to all processes of a terminal.) Called in the main thread. Where the host's
    SConstruct has such a descriptor of its own, it keeps it.
    """
    if os.name != "posix":
        return
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    before = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    if before != -1:
        signal.set_wakeup_fd(before)
        os.close(reading)
        os.close(writing)
        return
    threading.Thread(target=_running.watch, args=(reading,), daemon=True).start()
