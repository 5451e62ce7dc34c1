"""The console of a running firmware: passed on as it appears, and kept."""

from __future__ import annotations

import codecs
import os
import threading
from collections.abc import Callable
from typing import IO


class ConsolePump:
    """Read a pipe in a thread of its own, so that a busy emulator never waits for us.

    Args:
        pipe: the read end; carriage returns are dropped.
        sink: called from the thread with each piece of text.
    """

    def __init__(self, pipe: IO[bytes], sink: Callable[[str], None]) -> None:
        self._pipe, self._sink = pipe, sink
        self._pieces: list[str] = []
        self._thread = threading.Thread(target=self._pump, daemon=True)
        self._thread.start()

    def _pump(self) -> None:
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        while data := os.read(self._pipe.fileno(), 65536):
            text = decoder.decode(data).replace("\r", "")
            if text:
                self._pieces.append(text)
                self._sink(text)

    def finish(self, timeout: float = 5.0) -> str:
        """Wait for the end of the pipe and return everything that was read."""
        self._thread.join(timeout)
        return "".join(self._pieces)
