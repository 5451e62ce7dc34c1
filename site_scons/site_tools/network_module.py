"""A user's network module as the build sees it: read, never imported, because that needs torch.

What decides the network is the file, every module that it imports, and the data files that it names
in a literal, `FILES = ["readings.csv", "images"]`, seen from its own folder.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import SCons.Errors
from site_tools.own_folder import mark_given, refuse_build_folder
from site_tools.setting_rules import refuse_unprintable
from site_tools.standalone import standalone

module_files = standalone("module_files")

TEST_SUBSET = "test_subset"
"""The header of a network's test inputs, and the prefix of its symbols."""

_SUBSET = rf"([a-z][a-z0-9_]{{0,30}}_)?{TEST_SUBSET}"


@dataclass(frozen=True)
class UsersModule:
    """A module, and all that decides what it trains.

    Attributes:
        file: node of the module.
        words: its options, for `python -m model train-module` and `export-module`.
        code: nodes of the modules that it imports, its own and this project's.
        data: nodes of its data files.
        distributions: top-level names of installed packages that it imports.
        source: "mnist", the absolute path of data to read instead of calling `data()`, or "".
        subset: what the header of test inputs and its symbols are called.
    """

    file: Any
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
        tree: ast.Module = module_files.parsed(path)
    except module_files.WrongFileError as error:
        raise SCons.Errors.UserError(str(error)) from None
    return tree


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


def imported(path: Path) -> tuple[list[Path], list[str]]:
    """The user's own files that a module imports, itself left out, and dotted names of all else.

    Raises:
        SCons.Errors.UserError: a file beside it has the name of one of this project's packages, or
            one of them is no Python.
    """
    try:
        files, others = module_files.imported(path)
    except module_files.WrongFileError as error:
        raise SCons.Errors.UserError(str(error)) from None
    return files, others


def data_files(env: Any, path: Path, out: Any) -> list[Any]:
    """Nodes of a file, or of all files of a folder that count as data, in a stable order.

    Args:
        out: node of the build folder.

    Raises:
        SCons.Errors.UserError: the name of one cannot be used, or the folder is the build's.
    """
    refuse_build_folder(env, path, out)
    files = module_files.files_below(path)
    for file in files:
        refuse_unprintable(str(file), str(file))
    nodes = [env.File(str(file)) for file in files]
    return [mark_given(env, node, str(node)) for node in nodes]


def _given_source(env: Any) -> str:
    """What `data=` names, as `declared_source` has it."""
    name = str(env["data"])
    return name if name in ("", "mnist") else str(Path(env.GetLaunchDir(), name))


def users_module(env: Any, out: Any) -> UsersModule:
    """Read the module that `model=` names.

    Args:
        out: node of the build folder.

    Raises:
        SCons.Errors.UserError: what can be seen to be wrong without running it.
    """
    path = Path(env.GetLaunchDir(), env["model"]).resolve()
    tree = parsed(path)
    declared, source = declared_files(path, tree), declared_source(path, tree)
    files, others = imported(path)
    ours, distributions = env.ImportedFiles(others)
    data = [node for each in declared for node in data_files(env, each, out)]
    for each in (path, *files):
        refuse_unprintable(str(each), str(each))
    file = env.File(str(path))
    words: list[Any] = ["--module", file]
    for each in declared:
        words += ["--file", env.Dir(str(each)) if each.is_dir() else env.File(str(each))]
    return UsersModule(
        file,
        words,
        [env.File(str(file)) for file in (*files, *ours)],
        data,
        distributions,
        _given_source(env) or source,
        declared_subset(path, tree),
    )


def generate(env: Any, **kw: Any) -> None:
    """Add `env.UsersModule(out)` and `env.DataFiles(path, out)`."""
    env.AddMethod(users_module, "UsersModule")
    env.AddMethod(data_files, "DataFiles")


def exists(env: Any) -> bool:
    """Needs nothing."""
    return True
