"""Text of others on a terminal: names out of models, files and classes move no cursor there."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterable, Iterator
from typing import Any, TextIO

_KEPT = frozenset("\n\t")


def plain(text: str, kept: frozenset[str] = _KEPT) -> str:
    """The text as a terminal may have it: what is not printable escaped as Python writes it.

    Args:
        kept: characters that stay; line ends and tabs, or none for text of one line.
    """
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() or c in kept else c.encode("unicode_escape").decode() for c in text
    )


def one_line(text: str) -> str:
    """The text as `plain` has it, line ends escaped as well."""
    return plain(text, frozenset())


class PlainStream:
    """An output stream that escapes what a terminal would obey, and whose errors name it.

    Args:
        raw: the stream that takes the text; everything else is as it has it.
        name: of the stream, for messages.
    """

    def __init__(self, raw: TextIO, name: str) -> None:
        self.raw, self.name = raw, name

    def write(self, text: str) -> int:
        """Write the text as `plain` has it.

        Raises:
            OSError: the stream cannot take it; its file name is that of the stream.
        """
        with self._named():
            return self.raw.write(plain(text))

    def writelines(self, lines: Iterable[str]) -> None:
        """Write one text after the other, as `write`."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Hand on what was written; raises as `write`."""
        with self._named():
            self.raw.flush()

    @contextlib.contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if error.filename is None:
                error.filename = self.name
            raise

    def __getattr__(self, name: str) -> Any:
        return getattr(self.raw, name)


def make_plain() -> None:
    """Let stdout and stderr escape whatever this process prints."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if not isinstance(stream, PlainStream):
            setattr(sys, name, PlainStream(stream, name))


def raw(stream: TextIO) -> TextIO:
    """The stream for control sequences of our own; the caller makes what is of others `plain`."""
    return stream.raw if isinstance(stream, PlainStream) else stream


def print_json(value: Any, *, sort_keys: bool = False) -> None:
    """Print `value` as indented JSON, ASCII, with nothing in it that a stream would escape anew."""
    print(plain_json(json.dumps(value, indent=2, sort_keys=sort_keys)))


def plain_json(text: str) -> str:
    """JSON of the same meaning, without what `plain` would escape in a way that JSON has not."""
    if text.replace("\n", "").isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\n" else _json_escape(c) for c in text)


def _json_escape(character: str) -> str:
    """A character as RFC 8259, 7 has it: each half of its UTF-16."""
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[n : n + 2].hex()}" for n in range(0, len(units), 2))
