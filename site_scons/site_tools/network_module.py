"""A user's network module as the build sees it: read, never imported, because that needs torch.

What decides the network is the file, every module that it imports, and the data files that it names
in a literal, `FILES = ["readings.csv", "images"]`, seen from its own folder.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import SCons.Errors
from site_tools.settings import refuse_unprintable

TEST_SUBSET = "test_subset"
"""The header of a network's test inputs, and the prefix of its symbols."""

_SUBSET = rf"([a-z][a-z0-9_]{{0,30}}_)?{TEST_SUBSET}"

OWN = ("codegen", "device", "model", "support")
"""Packages of this project: who imports one of these names means ours."""


@dataclass(frozen=True)
class UsersModule:
    """A module, and all that decides what it trains.

    Attributes:
        words: its options, for `python -m model train-module` and `export-module`.
        code: nodes of the modules that it imports, its own and this project's.
        data: nodes of its data files.
        distributions: top-level names of installed packages that it imports.
        source: "mnist", the absolute path of data to read instead of calling `data()`, or "".
        subset: what the header of test inputs and its symbols are called.
    """

    words: list[Any]
    code: list[Any]
    data: list[Any]
    distributions: list[str]
    source: str
    subset: str


def _error(path: Path, line: int | None, text: str) -> SCons.Errors.UserError:
    return SCons.Errors.UserError(f"{path}:{line or 1}: {text}")


def parsed(path: Path) -> ast.Module:
    """The parsed file.

    Raises:
        SCons.Errors.UserError: it is no Python.
    """
    try:
        return ast.parse(path.read_bytes(), str(path))
    except SyntaxError as error:
        raise _error(path, error.lineno, f"{error.msg}: mend that line") from None
    except (OSError, ValueError) as error:
        raise SCons.Errors.UserError(f"{path}: cannot be read ({error})") from None


def _literal(tree: ast.Module, name: str) -> tuple[ast.expr | None, int]:
    """What is assigned to a name at the top of a file, and in which line."""
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        targets = [node.target] if isinstance(node, ast.AnnAssign) else targets
        if any(isinstance(target, ast.Name) and target.id == name for target in targets):
            assert isinstance(node, ast.Assign | ast.AnnAssign)
            return node.value, node.lineno
    return None, 0


def declared_files(path: Path, tree: ast.Module) -> list[Path]:
    """The files and folders that `FILES` names, absolute.

    Raises:
        SCons.Errors.UserError: no literal list of names, or one of them is not there.
    """
    value, line = _literal(tree, "FILES")
    if value is None:
        return []
    try:
        names = ast.literal_eval(value)
    except (ValueError, TypeError):
        names = None
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        raise _error(
            path,
            line,
            "FILES is read without running the module: write it as a list of names in quotes,"
            ' FILES = ["readings.csv"]',
        )
    found = [path.parent / name for name in names]
    for name, file in zip(names, found, strict=True):
        if not name or not file.exists():
            raise _error(
                path, line, f"FILES names '{name}', which is not there (looked for {file}): mend it"
            )
    return found


def declared_source(path: Path, tree: ast.Module) -> str:
    """What `DATA` names: "mnist", or the absolute path of a file or folder; "" without it.

    Raises:
        SCons.Errors.UserError: no literal name, or one that is not there.
    """
    value, line = _literal(tree, "DATA")
    if value is None:
        return ""
    name = value.value if isinstance(value, ast.Constant) else None
    if not isinstance(name, str) or not name:
        raise _error(
            path, line, 'DATA is read without running the module: DATA = "readings.csv" in quotes'
        )
    if name == "mnist":
        return name
    if not (path.parent / name).exists():
        raise _error(path, line, f"DATA names '{name}', which is not there: mend it")
    return str(path.parent / name)


def declared_subset(path: Path, tree: ast.Module) -> str:
    """What `SUBSET` calls the header of test inputs; `TEST_SUBSET` without it.

    Raises:
        SCons.Errors.UserError: no literal name that C takes.
    """
    value, line = _literal(tree, "SUBSET")
    if value is None:
        return TEST_SUBSET
    name = value.value if isinstance(value, ast.Constant) else None
    if not isinstance(name, str) or not re.fullmatch(_SUBSET, name):
        raise _error(
            path,
            line,
            "SUBSET is read without running the module: write a name of lower-case letters, digits"
            f' and underscores that ends with {TEST_SUBSET}, SUBSET = "fan_{TEST_SUBSET}"',
        )
    return name


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


def imported(path: Path) -> tuple[list[Path], list[str]]:
    """The user's own files that a module imports, itself left out, and dotted names of all else.

    Raises:
        SCons.Errors.UserError: a file beside it has the name of one of this project's packages.
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


def data_files(env: Any, path: Path) -> list[Any]:
    """Nodes of a file, or of all files of a folder, in a stable order.

    Raises:
        SCons.Errors.UserError: the name of one cannot be used.
    """
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    for file in files:
        refuse_unprintable(str(file), str(file))
    return [env.File(str(file)) for file in files]


def _given_source(env: Any) -> str:
    """What `data=` names, as `declared_source` has it."""
    name = str(env["data"])
    return name if name in ("", "mnist") else str(Path(env.GetLaunchDir(), name))


def users_module(env: Any) -> UsersModule:
    """Read the module that `model=` names.

    Raises:
        SCons.Errors.UserError: what can be seen to be wrong without running it.
    """
    path = Path(env.GetLaunchDir(), env["model"]).resolve()
    tree = parsed(path)
    declared, source = declared_files(path, tree), declared_source(path, tree)
    files, others = imported(path)
    ours, distributions = env.ImportedFiles(others)
    data = [node for each in declared for node in data_files(env, each)]
    for file in (path, *files):
        refuse_unprintable(str(file), str(file))
    words: list[Any] = ["--module", env.File(str(path))]
    for each in declared:
        words += ["--file", env.Dir(str(each)) if each.is_dir() else env.File(str(each))]
    return UsersModule(
        words,
        [env.File(str(file)) for file in (*files, *ours)],
        data,
        distributions,
        _given_source(env) or source,
        declared_subset(path, tree),
    )


def generate(env: Any, **kw: Any) -> None:
    """Add `env.UsersModule()` and `env.DataFiles(path)`."""
    env.AddMethod(users_module, "UsersModule")
    env.AddMethod(data_files, "DataFiles")


def exists(env: Any) -> bool:
    """Needs nothing."""
    return True
