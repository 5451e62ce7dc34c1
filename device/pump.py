"""What a process prints, read in a thread of its own, so that a busy process never waits for us."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import IO


class Pump:
    """Read a pipe until it ends.

    The pump takes the pipe over: what it reads is its own, and nobody else can close it, after
    which the number might be another file's.

    Args:
        pipe: the read end, without a buffer that holds anything; closed.
        sink: called from the thread with each piece. What it raises ends the passing on, not the
            reading, and is raised by `finish`.
    """

    def __init__(self, pipe: IO[bytes], sink: Callable[[bytes], None]) -> None:
        self._descriptor, self._sink = os.dup(pipe.fileno()), sink
        pipe.close()
        self._failed: BaseException | None = None
        self._thread = threading.Thread(target=self._pump, daemon=True)
        self._thread.start()

    def _pump(self) -> None:
        try:
            while data := os.read(self._descriptor, 65536):
                if self._failed is None:
                    self._pass_on(data)
        finally:
            os.close(self._descriptor)

    def _pass_on(self, data: bytes) -> None:
        try:
            self._sink(data)
        except Exception as error:  # raised where somebody waits
            self._failed = error

    def wait(self, timeout: float | None = 5.0) -> None:
        """Wait for the end of the pipe, which comes when the last process has ended that holds it.

        Args:
            timeout: seconds; a process that nobody knows of may hold it for ever.
        """
        self._thread.join(timeout)

    def finish(self) -> None:
        """Wait, and raise what the sink has raised."""
        self.wait()
        if self._failed is not None:
            raise self._failed
