"""A call in a process of its own: whoever breaks there breaks nothing here."""

from __future__ import annotations

import faulthandler
import os
import pickle
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


class Broke(Exception):
    """The call raised, or its process ended."""


def apart(call: Callable[[], Result]) -> Result:
    """What `call` returns, in a fork of this process; its result is pickled.

    Raises:
        Broke: it raised, or the process was killed.
    """
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        _answer(call, write)
    os.close(write)
    with os.fdopen(read, "rb") as stream:
        data = stream.read()
    _, status = os.waitpid(child, 0)
    if status or not data:
        raise Broke(f"status {os.waitstatus_to_exitcode(status)}")
    result: Result = pickle.loads(data)
    return result


def _answer(call: Callable[[], Result], write: int) -> None:
    """In the child: send the result, end without clean-up of the parent's things."""
    status = 1
    faulthandler.disable()  # A crash is told by the status; no trace among the tests' own output.
    try:
        with os.fdopen(write, "wb") as stream:
            stream.write(pickle.dumps(call()))
        status = 0
    finally:
        os._exit(status)
