"""Silence for libraries that print from C, where `contextlib.redirect_stdout` has no effect."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from collections.abc import Iterator

STDOUT = 1
"""Its file descriptor, also where `sys.stdout` is something else."""


def flush_everything() -> None:
    """Write what Python and C hold back; C does so at the program's end, where stdout is a pipe."""
    sys.stdout.flush()
    ctypes.CDLL(None).fflush(None)


@contextlib.contextmanager
def quiet_stdout() -> Iterator[None]:
    """Drop whatever is written to standard output, by Python or by C."""
    flush_everything()
    try:
        kept = os.dup(STDOUT)
    except OSError:  # closed: nobody can write to it
        with contextlib.redirect_stdout(None):
            yield
        return
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, STDOUT)
        os.close(nowhere)
        with contextlib.redirect_stdout(None):
            yield
    finally:
        flush_everything()
        os.dup2(kept, STDOUT)
        os.close(kept)
