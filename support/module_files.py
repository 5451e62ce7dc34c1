"""What a network module is made of, as far as can be told without running it.

The build and the commands that run the module ask here alike: what the one does not know of the
others refuse to read.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from pathlib import Path

OWN = ("codegen", "device", "model", "support")
"""Packages of this project: who imports one of these names means ours."""

LOCK = ".nn2flash.lock"
"""Lies in each build folder from its first build on (site_tools/folder_lock.py)."""


class WrongFileError(Exception):
    """A file of the user's that cannot be taken; the text names place and remedy."""


def _error(path: Path, line: int | None, text: str) -> WrongFileError:
    return WrongFileError(f"{path}:{line or 1}: {text}")


def _left_out(folder: Path) -> bool:
    """A folder that holds no data: hidden, compiled files, a virtual environment, built files."""
    if folder.name.startswith(".") or folder.name == "__pycache__":
        return True
    return any((folder / name).exists() for name in ("pyvenv.cfg", LOCK))


def files_below(path: Path) -> list[Path]:
    """Return a file, or all files of a folder that count as data, sorted.

    Not those of hidden folders, virtual environments, build folders and `__pycache__` in it.
    """
    if not path.is_dir():
        return [path]
    files = []
    for place, folders, names in os.walk(path):
        here = Path(place)
        folders[:] = [name for name in folders if not _left_out(here / name)]
        files += [file for name in names if (file := here / name).is_file()]
    return sorted(files)


def parsed(path: Path) -> ast.Module:
    """The parsed file.

    Raises:
        WrongFileError: it is no Python.
    """
    try:
        return ast.parse(path.read_bytes(), str(path))
    except SyntaxError as error:
        raise _error(path, error.lineno, f"{error.msg}: mend that line") from None
    except (OSError, ValueError) as error:
        raise WrongFileError(f"{path}: cannot be read ({error})") from None


def _imports(tree: ast.Module, package: tuple[str, ...]) -> Iterator[tuple[str, int]]:
    """Dotted names that may be modules, wherever they are imported, and the line.

    Args:
        package: of the file, for relative imports.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            source = ".".join([*base, *filter(None, [node.module])])
            yield from ((f"{source}.{alias.name}".strip("."), node.lineno) for alias in node.names)
            if source:
                yield source, node.lineno


def _found(folder: Path, dotted: str) -> list[tuple[Path, tuple[str, ...]]]:
    """Files in a folder that importing a module runs, each with its package."""
    parts = tuple(dotted.split("."))
    files = []
    for depth in range(1, len(parts) + 1):
        place = folder.joinpath(*parts[:depth])
        if (place / "__init__.py").is_file():
            files.append((place / "__init__.py", parts[:depth]))
        elif place.with_suffix(".py").is_file():
            files.append((place.with_suffix(".py"), parts[: depth - 1]))
    return files


Starred = tuple[Path, tuple[str, ...], int]


def starred(folder: Path, tree: ast.Module, package: tuple[str, ...] = ()) -> list[Starred]:
    """The user's own files of which a file imports `*`, each with its package, and the line.

    Args:
        folder: of the network module, where imports are looked for.
        package: of the file, for relative imports.
    """
    names = [each for each in _imports(tree, package) if each[0].endswith(".*")]
    files = [(_found(folder, dotted.removesuffix(".*")), line) for dotted, line in names]
    return [(*found[-1], line) for found, line in files if found]


def imported(path: Path) -> tuple[list[Path], list[str]]:
    """The user's own files that a module imports, itself left out, and dotted names of all else.

    Raises:
        WrongFileError: a file beside it has the name of one of this project's packages.
    """
    files: dict[Path, None] = {path: None}
    other: dict[str, None] = {}
    waiting: list[tuple[Path, tuple[str, ...]]] = [(path, ())]
    while waiting:
        file, package = waiting.pop()
        for dotted, line in _imports(parsed(file), package):
            top = dotted.partition(".")[0]
            found = _found(path.parent, dotted)
            if top in OWN:
                if any(each != path for each, _ in found):
                    raise _error(
                        file,
                        line,
                        f"'{top}' is a package of nn2flash: rename the one beside {path.name}",
                    )
                other[dotted] = None
            elif not found:
                other[dotted] = None
            for each, inside in found if top not in OWN else ():
                if each not in files:
                    files[each] = None
                    waiting.append((each, inside))
    return [file for file in files if file != path], list(other)
