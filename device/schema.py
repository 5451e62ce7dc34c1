"""Reading a TOML table strictly: each value is asked for by key and type, and none is left over."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from support.errors import UserError

_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")


def close_match(word: str, known: Iterable[str]) -> str:
    """A remedy: the nearest known word, or all of them."""
    choices = sorted(known)
    near = difflib.get_close_matches(word, choices, n=1)
    return f"did you mean '{near[0]}'?" if near else f"known: {', '.join(choices)}"


class Table:
    """A TOML table whose keys are taken one by one; `finish` refuses the rest.

    Args:
        content: what tomllib read.
        where: the file and table, for messages.
    """

    def __init__(self, content: dict[str, Any], where: str) -> None:
        self.content, self.where = content, where
        self._asked: list[str] = []

    def __iter__(self) -> Iterator[str]:
        """All keys, in the file's order."""
        return iter(self.content)

    def _take(self, key: str, kind: type, default: Any = None) -> Any:
        self._asked.append(key)
        if key not in self.content:
            if default is not None:
                return default
            unknown = sorted(set(self.content) - set(self._asked))
            near = difflib.get_close_matches(key, unknown, n=1)
            raise UserError(
                f"{self.where}: missing key '{key}'",
                f"is '{near[0]}' meant to be it?" if near else f"add {key} = …",
            )
        value = self.content[key]
        # bool is a subclass of int: `length = true` is a mistake, not 1.
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            wanted = {int: "an integer", str: "a string", bool: "true or false", list: "a list"}
            raise UserError(
                f"{self.where}: {key} must be {wanted.get(kind, 'a table')}, not {value!r}"
            )
        return value

    def integer(
        self,
        key: str,
        *,
        default: int | None = None,
        low: int = 0,
        high: int = 0xFFFFFFFF,
        multiple: int = 1,
    ) -> int:
        """An integer in low..high that is a multiple of `multiple`."""
        value: int = self._take(key, int, default)
        if not low <= value <= high:
            raise UserError(f"{self.where}: {key} = {value:#x} is outside {low:#x}..{high:#x}")
        if value % multiple:
            raise UserError(f"{self.where}: {key} = {value:#x} is no multiple of {multiple}")
        return value

    def text(self, key: str, *, default: str | None = None) -> str:
        """A string that is not empty, unless the default is."""
        value: str = self._take(key, str, default)
        if not value and key in self.content:
            raise UserError(f"{self.where}: {key} is empty")
        return value

    def name(self, key: str) -> str:
        """A string that can stand in file names, symbols and linker scripts."""
        value = self.text(key)
        if not _NAME.match(value):
            raise UserError(
                f"{self.where}: {key} = '{value}' is no name",
                "use lower-case letters, digits and underscores, a letter first",
            )
        return value

    def choice(self, key: str, choices: Collection[str], *, default: str | None = None) -> str:
        """A string out of `choices`, or the default."""
        value = self.text(key, default=default)
        if value != default and value not in choices:
            raise UserError(
                f"{self.where}: {key} = '{value}' is unknown", close_match(value, choices)
            )
        return value

    def boolean(self, key: str, *, default: bool) -> bool:
        """true or false."""
        value: bool = self._take(key, bool, default)
        return value

    def names(self, key: str, known: Collection[str]) -> list[str]:
        """A list of different strings out of `known`, with at least one."""
        values: list[Any] = self._take(key, list)
        if not values:
            raise UserError(f"{self.where}: {key} is empty")
        for value in values:
            if not isinstance(value, str) or value not in known:
                raise UserError(
                    f"{self.where}: {key}: {value!r} is unknown", close_match(str(value), known)
                )
            if values.count(value) > 1:
                raise UserError(f"{self.where}: {key} names '{value}' twice")
        return values

    def table(self, key: str, *, optional: bool = False) -> Table:
        """A table inside this one; an optional one that is absent is empty."""
        content: dict[str, Any] = self._take(key, dict, {} if optional else None)
        return Table(content, f"{self.where}: [{key}]")

    def tables(self, key: str, *, optional: bool = False) -> list[Table]:
        """An array of tables, with at least one element unless optional."""
        content: list[Any] = self._take(key, list, [] if optional else None)
        if not content and not optional:
            raise UserError(f"{self.where}: no [[{key}]]")
        if not all(isinstance(element, dict) for element in content):
            raise UserError(f"{self.where}: {key} must be written as [[{key}]] tables")
        return [Table(element, f"{self.where}: [[{key}]]") for element in content]

    def finish(self) -> None:
        """Refuse keys that nobody asked for."""
        for key in self.content:
            if key not in self._asked:
                raise UserError(f"{self.where}: unknown key '{key}'", close_match(key, self._asked))
