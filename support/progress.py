"""Progress: one live line on a terminal, plain lines elsewhere (logs, CI)."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TextIO, TypeVar

T = TypeVar("T")


class Progress:
    """Report `done` of `total` steps with the time left.

    Args:
        title: what is going on, a few words.
        total: number of steps, at least 1.
        stream: where to write; its `isatty()` decides between a live line and plain lines.
        every: seconds between plain lines when the stream is no terminal.
    """

    def __init__(
        self, title: str, total: int, stream: TextIO | None = None, every: float = 10.0
    ) -> None:
        self.title, self.total = title, max(1, total)
        self.stream = stream if stream is not None else sys.stderr
        self.live = self.stream.isatty()
        self.pause = 0.1 if self.live else every
        self.start = self.last = time.monotonic()
        self.done = 0

    def advance(self, steps: int = 1, note: str = "") -> None:
        """Count `steps` more as done and write the line when it is due."""
        self.done += steps
        now = time.monotonic()
        if now - self.last >= self.pause:
            self.last = now
            self._write(now, note)

    def finish(self, note: str = "") -> None:
        """Write the last line; on a terminal the live line is replaced by it."""
        end = time.monotonic()
        text = f"{self.title}: {self.done}/{self.total} in {end - self.start:.1f} s"
        self._line(f"{text}  {note}".rstrip(), last=True)

    def _write(self, now: float, note: str) -> None:
        left = (now - self.start) / max(1, self.done) * (self.total - self.done)
        text = f"{self.title}: {self.done}/{self.total} ({100 * self.done // self.total} %)"
        self._line(f"{text}, {left:.0f} s left  {note}".rstrip(), last=False)

    def _line(self, text: str, *, last: bool) -> None:
        if self.live:
            self.stream.write(f"\r\033[K{text}" + ("\n" if last else ""))
        else:
            self.stream.write(text + "\n")
        self.stream.flush()


def track(items: Iterable[T], title: str, total: int) -> Iterator[T]:
    """Yield `items`, reporting progress on stderr."""
    progress = Progress(title, total)
    for item in items:
        yield item
        progress.advance()
    progress.finish()
