"""What a command of this project's own programs is made of, as a part of its action's signature.

As nodes of the graph, the hundreds of files behind every command took half of the time of a build
that finds everything done. What makes a command run again is what is in them, so one hash of them
all does; and for commands that nothing asks for, they are not even looked for.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from typing import Any

from site_tools.contents import content_of
from site_tools.python_imports import python_dependencies


class Program:
    """The files and distributions of `python -m package verb`, found when they are asked for.

    Args:
        env: it says where the project is, and what is in a file.
        package, verb, how: as of `python_dependencies`.
    """

    def __init__(self, env: Any, package: str, verb: str, **how: Sequence[str]) -> None:
        self.root = str(env["PROJECT_ROOT"])
        self._find = functools.partial(python_dependencies, self.root, package, verb, **how)
        # Nothing is remembered between runs in a host's folder.
        self._content_of = content_of if env["HOSTED"] else env.ContentOf
        self._seen: dict[str, str | None] = {}

    @functools.cached_property
    def _needs(self) -> tuple[list[str], str]:
        return self._find()

    @property
    def pins(self) -> str:
        """The locked distributions, name==version, a space between."""
        return self._needs[1]

    def signature(self, begun: bool) -> str:
        """A text that differs whenever the name or content of a file does, or a distribution.

        Args:
            begun: the command has been started in this build, or need not be. The signature stays
                as it was: what is edited meanwhile is news for the next build.
        """
        if not (begun and self._seen):
            self._seen = {path: self._content_of(path) for path in self._needs[0]}
        files = [f"{path.removeprefix(self.root)} {seen}" for path, seen in self._seen.items()]
        return hashlib.sha256("\n".join([self.pins, *files]).encode()).hexdigest()

    def changed(self) -> str:
        """The path of a file that is not any more what the signature says; "" for none."""
        return next((path for path, seen in self._seen.items() if content_of(path) != seen), "")
