"""Depfiles: which files an output was made from, in Make's syntax, for hosts' build systems."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from codegen.render import used_templates
from support.places import ROOT

# What decides the output without being imported: the style of generated C, the pinned versions.
BESIDE = (".clang-format", "requirements/locked/core.txt")


def own_sources() -> set[Path]:
    """This project's modules that are loaded, and the templates that were rendered."""
    files = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
    modules = {Path(file).resolve() for file in files if file}
    own = {
        path
        for path in modules
        if path.is_relative_to(ROOT) and ".venv" not in path.relative_to(ROOT).parts
    }
    return own | used_templates() | {ROOT / name for name in BESIDE}


def depfile(outputs: Sequence[Path], inputs: Iterable[Path]) -> str:
    """One rule for all outputs, and an empty one for each of the generator's own files.

    The empty rules let Make go on when such a file is gone, as those of `gcc -MP` do. A missing
    input of the user's stays an error.
    """
    own = sorted(own_sources())
    words = [*map(_escape, inputs), *map(_escape, own)]
    rules = [
        f"{' '.join(map(_escape, outputs))}: {' '.join(words)}",
        *(f"{w}:" for w in words[-len(own) :]),
    ]
    return "".join(f"{rule}\n" for rule in rules)


def _escape(path: Path) -> str:
    """What Make, Ninja and CMake all read as this path (GNU Make manual, "Rule Syntax")."""
    return str(path).replace("$", "$$").replace("#", "\\#").replace(" ", "\\ ")
