"""Files that a command is to write, looked at before it begins: nothing of the user's is lost."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from support.errors import UserError
from support.files import check_place


@dataclass(frozen=True)
class OutputFile:
    """A file to write.

    Attributes:
        option: what named it, for messages.
        path: as it was given.
        is_ours: whether a file that is there was written by this program; None: any may be
            replaced, as by a compiler.
    """

    option: str
    path: Path
    is_ours: Callable[[Path], bool] | None = None


def check_outputs(outputs: Sequence[OutputFile], inputs: Iterable[Path | None]) -> None:
    """Refuse to write over what is read, twice to one file, or over what others wrote.

    Args:
        outputs: all files that the command writes.
        inputs: all files that it reads; None for one that was not given.

    Raises:
        UserError: one of them is refused, or cannot be written; nothing was written.
    """
    given = [path for path in inputs if path is not None]
    for index, output in enumerate(outputs):
        path, remedy = output.path, f"name another file: {output.option}"
        if any(_same(path, other) for other in given):
            raise UserError(f"{path}: is what is to be read", remedy)
        if any(_same(path, other.path) for other in outputs[:index]):
            raise UserError(f"{path}: is to be written twice", remedy)
        check_place(path, remedy)
        _check_folder(path, remedy)
        if output.is_ours and path.exists() and path.stat().st_size and not output.is_ours(path):
            raise UserError(
                f"{path}: was not written by nn2flash, and is not overwritten",
                f"move it away, or {remedy}",
            )


def _same(path: Path, other: Path) -> bool:
    """Whether two paths lead to one file, which need not be there."""
    try:
        return path.samefile(other)
    except OSError:
        return os.path.realpath(path) == os.path.realpath(other)


def _check_folder(path: Path, remedy: str) -> None:
    """Refuse a folder that cannot be written or made."""
    folder = next(each for each in path.absolute().parents if os.path.lexists(each))
    if not folder.is_dir():
        raise UserError(f"{path}: {folder} is no folder", remedy)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UserError(f"{path}: nothing can be written in {folder}", remedy)
