"""A network's sources as plain text, with the values of their macros."""

from __future__ import annotations

from pathlib import Path

from codegen.xcube import csubset
from codegen.xcube.discover import Found
from support.errors import UserError


class Sources:
    """The sources of a network, plain, with their macros."""

    def __init__(self, found: Found) -> None:
        self.name = found.name
        self.texts = {s: csubset.plain(_read(path)) for s, path in found.files.items()}
        self.macros: dict[str, str] = {}
        # The main source first: it defines some names again for itself.
        for suffix in (".c", *(s for s in self.texts if s != ".c")):
            self.macros |= csubset.macros(self.texts[suffix])

    def integer(self, macro: str) -> int:
        """A macro's value.

        Raises:
            UserError: missing, or more than arithmetic.
        """
        value = csubset.integer(macro, self.macros)
        if value is None:
            raise UserError(
                f"the bundle's sources do not tell {macro}",
                "generate the network again with a supported version (7.1 to 12.x)",
            )
        return value

    def maybe(self, macro: str) -> int | None:
        """A macro's value, when there is one."""
        return csubset.integer(macro, self.macros) if macro in self.macros else None

    def text(self, macro: str) -> str:
        """A macro's string or bare body, "" when there is none."""
        body = self.macros.get(macro, "")
        found = csubset.string(body)
        return body.strip("() ") if found is None else found


def _read(path: Path) -> str:
    return path.read_bytes().decode("utf-8", errors="replace")
