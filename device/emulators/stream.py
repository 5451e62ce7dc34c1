"""The console of a running firmware: passed on as it appears, and kept."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from typing import IO

from device.pump import Pump


class ConsolePump(Pump):
    """Keep what a console says, as text.

    Args:
        pipe: the read end; carriage returns are dropped.
        show: called from the thread with each piece of text.
    """

    def __init__(self, pipe: IO[bytes], show: Callable[[str], None]) -> None:
        self._show = show
        self._pieces: list[str] = []
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        super().__init__(pipe, self._take)

    def _take(self, data: bytes) -> None:
        if text := self._decoder.decode(data).replace("\r", ""):
            self._pieces.append(text)
            self._show(text)

    def text(self) -> str:
        """Everything that was read, at the end of the pipe.

        Raises:
            what `show` raised.
        """
        self.finish()
        return "".join(self._pieces)
