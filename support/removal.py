"""The rule for removing files: only what a record says was made, and only inside its own folder.

Everything of this project that removes files from a folder which may hold others asks here: the
build when it forgets, cleans or tidies up after a failed command, and `package`. Whole folders go
only from the folder for temporary files: a run's private folder, and what the tests made.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Collection, Iterable
from pathlib import Path, PurePosixPath

TEMPORARY = ".tmp-"
"""How names begin that `support.files` writes to before it renames."""


def removable(folder: Path, name: str, made: Collection[str]) -> Path | None:
    """Return the path of the file `name` of `folder` if it may be removed, else None.

    It may when the record has it, or it is the temporary of a file that the record has beside it;
    when no part of the name leads out of the folder, neither `..` nor a link; and when it is a
    file or a link itself.

    Args:
        folder: the folder that the record is about.
        name: path relative to `folder`, with slashes.
        made: the record: names of all files that were made in `folder`.
    """
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts:
        return None
    if name not in made:
        beside = name.rpartition("/")[0]
        temporary = parts[-1].startswith(TEMPORARY)
        if not (temporary and any(other.rpartition("/")[0] == beside for other in made)):
            return None
    path = folder
    for part in parts[:-1]:
        path = path / part
        if path.is_symlink():
            return None
    path = path / parts[-1]
    return path if path.is_symlink() or path.is_file() else None


def remove(folder: Path, names: Iterable[str], made: Collection[str]) -> list[str]:
    """Remove the files of `folder` that may be removed, and folders that this leaves empty.

    Returns:
        The names of the removed files, in their order.
    """
    removed = []
    for name in names:
        path = removable(folder, name, made)
        if path is None:
            continue
        path.unlink()
        removed.append(name)
        for parent in path.parents:
            if parent == folder or any(parent.iterdir()):
                break
            parent.rmdir()
    return removed


def remove_temporary_folder(folder: Path) -> None:
    """Remove a whole folder that lies below the folder for temporary files; none there is fine.

    Raises:
        ValueError: it lies elsewhere, or leads elsewhere by a link. Nothing is removed.
        OSError: it cannot be removed.
    """
    place = folder.parent.resolve() / folder.name
    if folder.is_symlink() or Path(tempfile.gettempdir()).resolve() not in place.parents:
        raise ValueError(f"{folder} is no temporary folder: it stays")
    if folder.exists():
        shutil.rmtree(folder)
