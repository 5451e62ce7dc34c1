"""A project of a user's outside this repository, begun from one of its examples."""

from __future__ import annotations

import shlex
from pathlib import Path

from codegen.render import render
from support.errors import UserError
from support.files import write_bytes, write_text
from support.places import ROOT

LEFT_OUT = {"__pycache__"}
IGNORED = "/build/\n.sconsign*.dblite\n__pycache__/\n"


def examples() -> list[str]:
    """Names of the examples: folders with a network module of their name."""
    return sorted(path.parent.name for path in (ROOT / "examples").glob("*/*.py") if _is(path))


def _is(path: Path) -> bool:
    return path.stem == path.parent.name


def begin(example: str, folder: Path, board: str) -> list[str]:
    """Write a copy of an example with a SConstruct into a folder; returns the files' names.

    Args:
        board: that it builds for unless `board=` names another.

    Raises:
        UserError: no such example, or a folder that holds something already.
    """
    if example not in examples():
        raise UserError(f"from={example}: no such example", f"known: {', '.join(examples())}")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"{folder}: is not an empty folder", "choose another folder")
    source = ROOT / "examples" / example
    names = []
    for path in sorted(source.rglob("*")):
        if path.is_file() and not LEFT_OUT & {*path.parts}:
            names.append(str(path.relative_to(source)))
            write_bytes(folder / names[-1], path.read_bytes())
    context = {"name": example, "root": str(ROOT) if _is_clone() else "", "board": board}
    text = render("project/SConstruct.j2", context)
    write_text(folder / "SConstruct", text)
    write_text(folder / ".gitignore", IGNORED)
    return [*names, "SConstruct", ".gitignore"]


def told(folder: Path, names: list[str]) -> list[str]:
    """Lines that say what was written and what to do now."""
    clone = "" if _is_clone() else "NN2FLASH=path/to/clone "
    return [
        f"new: {folder}: {', '.join(names)}",
        f"new: now: cd {shlex.quote(str(folder))} && {clone}scons run",
    ]


def _is_clone() -> bool:
    """Whether this is a clone, whose build a project uses; an installed program has none."""
    return (ROOT / "SConscript").is_file()
