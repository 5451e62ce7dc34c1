"""Programs that end with SCons, however it ends: nobody would wait for what they write."""

from __future__ import annotations

import functools
import os
import signal
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


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
