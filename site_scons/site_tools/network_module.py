"""A user's network module as the build sees it: read, never imported, because that needs torch.

What decides the network is the file, every module that it imports, and the data files that it names
in a literal, `FILES = ["readings.csv", "images"]`, seen from its own folder.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import SCons.Errors
from site_tools.module_literals import (
    FileNames,
    declared_files,
    declared_method,
    declared_names,
    declared_recipes,
    declared_source,
    declared_subset,
    parsed,
)
from site_tools.own_folder import mark_given, refuse_build_folder
from site_tools.setting_rules import refuse_unprintable, values
from site_tools.standalone import standalone

data_sets = standalone("data_sets")
module_files = standalone("module_files")

DEFAULT = "model/guide/mnist.py"
"""The guide's network, seen from the project's folder: what is trained where no module is given."""


@dataclass(frozen=True)
class UsersModule:
    """A module, and all that decides what it trains.

    Attributes:
        file: node of the module.
        words: its options, for `python -m model train`, `export` and `quantize`.
        code: nodes of the user's modules that it imports.
        data: nodes of its data files.
        imports: dotted names of what else it imports, of this project and installed.
        source: a fetched set, the absolute path of data to read instead of calling `data()`, or "".
        subset: what the header of test inputs and its symbols are called.
        names: of the files that are made.
        method: the way of calibrating, "" for the best.
    """

    file: Any
    words: list[Any]
    code: list[Any]
    data: list[Any]
    imports: list[str]
    source: str
    subset: str
    names: FileNames
    method: str


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
    return name if name in ("", *data_sets.SETS) else str(Path(env.GetLaunchDir(), name))


def _recipe(env: Any, path: Path, known: list[str]) -> str:
    """The recipe that `recipe=` names, or the module's usual one; "" where it has none.

    Raises:
        SCons.Errors.UserError: it has no such one.
    """
    name = str(env["recipe"])
    if name and not known:
        raise SCons.Errors.UserError(
            f"recipe={name}: {path.name} has no recipes, it trains one way (RECIPES names several)"
        )
    if name and name not in known:
        raise SCons.Errors.UserError(f"recipe={name}: {values(name, known)}")
    return name or (known[0] if known else "")


def users_module(env: Any, out: Any) -> UsersModule:
    """Read the module that `model=` names, or the guide's.

    Args:
        out: node of the build folder.

    Raises:
        SCons.Errors.UserError: what can be seen to be wrong without running it.
    """
    given = env["model"] or Path(env["PROJECT_ROOT"], DEFAULT)
    path = Path(env.GetLaunchDir(), given).resolve()
    tree = parsed(path)
    declared, source = declared_files(path, tree), declared_source(path, tree)
    files, others = imported(path)
    data = [node for each in declared for node in data_files(env, each, out)]
    for each in (path, *files):
        refuse_unprintable(str(each), str(each))
    file = env.File(str(path))
    words: list[Any] = ["--module", file]
    for each in declared:
        words += ["--file", env.Dir(str(each)) if each.is_dir() else env.File(str(each))]
    if recipe := _recipe(env, path, declared_recipes(path, tree)):
        words += ["--recipe", recipe]
    return UsersModule(
        file,
        words,
        [env.File(str(file)) for file in files],
        data,
        others,
        _given_source(env) or source,
        declared_subset(path, tree),
        declared_names(path, tree),
        declared_method(path, tree),
    )


def generate(env: Any, **kw: Any) -> None:
    """Add `env.UsersModule(out)` and `env.DataFiles(path, out)`."""
    env.AddMethod(users_module, "UsersModule")
    env.AddMethod(data_files, "DataFiles")


def exists(env: Any) -> bool:
    """Needs nothing."""
    return True
