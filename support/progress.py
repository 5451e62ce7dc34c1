"""Progress: one live line on a terminal, plain lines elsewhere (logs, CI)."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from typing import TextIO, TypeVar

from support.plain import one_line, raw

T = TypeVar("T")
# Seconds after which a person wants to know that something goes on.
SOON = 3.0


class Progress:
    """Report `done` of `total` steps with the time left.

    Args:
        title: what is going on, a few words.
        total: number of steps, at least 1.
        stream: where to write; its `isatty()` decides between a live line and plain lines.
        every: seconds between plain lines when the stream is no terminal.
        after: seconds of silence first; what ends sooner says nothing at all.
    """

    def __init__(
        self,
        title: str,
        total: int,
        stream: TextIO | None = None,
        every: float = 10.0,
        after: float = 0.0,
    ) -> None:
        self.title, self.total = title, max(1, total)
        self.stream = stream if stream is not None else sys.stderr
        self.live = self.stream.isatty()
        self.pause = 0.1 if self.live else every
        self.start = time.monotonic()
        self.last = self.start + after
        self.silent = after > 0
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
        if self.silent:
            return
        text = f"{self.title}: {self.done}/{self.total} in {end - self.start:.1f} s"
        self._line(f"{text}  {note}".rstrip(), last=True)

    def _write(self, now: float, note: str) -> None:
        left = (now - self.start) / max(1, self.done) * (self.total - self.done)
        text = f"{self.title}: {self.done}/{self.total} ({100 * self.done // self.total} %)"
        self._line(f"{text}, {left:.0f} s left  {note}".rstrip(), last=False)

    def _line(self, text: str, *, last: bool) -> None:
        self.silent = False
        if self.live:
            rewrite_line(self.stream, text, last=last)
        else:
            self.stream.write(text + "\n")
        self.stream.flush()


def rewrite_line(stream: TextIO, text: str, *, last: bool) -> None:
    """Put a text in the place of a terminal's line; the last one ends it."""
    own = raw(stream)
    own.write(f"\r\033[K{one_line(text)}" + ("\n" if last else ""))
    own.flush()


def track(items: Iterable[T], title: str, total: int, after: float = 0.0) -> Iterator[T]:
    """Yield `items`, reporting progress on stderr; nothing when it ends within `after` seconds."""
    progress = Progress(title, total, after=after)
    for item in items:
        yield item
        progress.advance()
    progress.finish()


@contextlib.contextmanager
def waiting(title: str, after: float = SOON, stream: TextIO | None = None) -> Iterator[None]:
    """Tell on stderr, after `after` seconds, that something goes on that has no steps to count.

    On a terminal the seconds go on counting; elsewhere there is one line.
    """
    stream = stream if stream is not None else sys.stderr
    live, start, ended = stream.isatty(), time.monotonic(), threading.Event()

    def tell() -> None:
        pause = after
        while not ended.wait(pause):
            seconds = time.monotonic() - start
            if live:
                rewrite_line(stream, f"{title}: {seconds:.0f} s", last=False)
            else:
                stream.write(f"{title} …\n")
                stream.flush()
            pause = 1.0 if live else threading.TIMEOUT_MAX

    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield
    finally:
        ended.set()
        teller.join()
        if live and time.monotonic() - start >= after:
            stream.write("\n")
