"""What a network module says of itself in literals, at the top of the file, written out.

They are read without running it: SCons may not load torch.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path

import SCons.Errors
from site_tools.standalone import standalone

data_sets = standalone("data_sets")
module_files = standalone("module_files")
bindings = standalone("bindings").bindings
METHODS: tuple[str, ...] = standalone("calibration_methods").METHODS

TEST_SUBSET = "test_subset"
"""The header of a network's test inputs, and the prefix of its symbols."""

_SUBSET = rf"([a-z][a-z0-9_]{{0,30}}_)?{TEST_SUBSET}"
_NAME = r"[a-z][a-z0-9_]{0,30}"
_RECIPE = r"\w[\w.+-]*"


@dataclass(frozen=True)
class FileNames:
    """What the files of a module's network are called.

    Attributes:
        weights, onnx, int8: the checkpoint, the float and the quantized network.
    """

    weights: str = "weights.pt"
    onnx: str = "float.onnx"
    int8: str = "int8.onnx"


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


def _literal(path: Path, tree: ast.Module, name: str) -> tuple[ast.expr | None, int]:
    """What a name is given in a file, and in which line.

    Raises:
        SCons.Errors.UserError: it gets its value otherwise than once, in a plain line: what Python
            makes of it cannot be told.
    """
    found = bindings(tree, name)
    if line := _brought(path.parent, tree, name):
        raise _error(
            path,
            line,
            f"{name} is read without running the module: it gets a value here, which * stands for:"
            " write it once, in this file, and import by name",
        )
    if not found:
        return None, 0
    other = found[1] if len(found) > 1 and found[0].value else found[0]
    if len(found) > 1 or other.value is None:
        before = f", and has one by line {found[0].line}" if other is not found[0] else ""
        raise _error(
            path,
            other.line,
            f"{name} is read without running the module: it gets a value here{before}: write it"
            " once, in a line that is not indented",
        )
    return other.value, other.line


def _brought(
    folder: Path, tree: ast.Module, name: str, package: tuple[str, ...] = (), depth: int = 0
) -> int:
    """The line of a `from x import *` by which a file of the user's gives a name a value; 0 where
    none does. What an installed package brings so is not seen.

    Args:
        folder: of the network module.
        package: of the file.
        depth: how many such imports led here; they may go round in circles.
    """
    starred: list[tuple[Path, tuple[str, ...], int]] = module_files.starred(folder, tree, package)
    for file, inside, line in starred if depth < 8 else ():
        other = parsed(file)
        if bindings(other, name) or _brought(folder, other, name, inside, depth + 1):
            return line
    return 0


def declared_files(path: Path, tree: ast.Module) -> list[Path]:
    """The files and folders that `FILES` names, absolute.

    Raises:
        SCons.Errors.UserError: no literal list of names, or one of them is not there.
    """
    value, line = _literal(path, tree, "FILES")
    if value is None:
        return []
    names = _names(value)
    if names is None:
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


def _text(path: Path, tree: ast.Module, name: str, example: str, pattern: str = ".+") -> str:
    """The text that a literal holds; "" without it.

    Args:
        example: how it is written.
        pattern: what it must be.

    Raises:
        SCons.Errors.UserError: something else.
    """
    value, line = _literal(path, tree, name)
    if value is None:
        return ""
    text = value.value if isinstance(value, ast.Constant) else None
    if not isinstance(text, str) or not re.fullmatch(pattern, text):
        raise _error(path, line, f"{name} is read without running the module: {example}")
    return text


def declared_source(path: Path, tree: ast.Module) -> str:
    """What `DATA` names: a fetched set, or the absolute path of a file or folder; "" without it.

    Raises:
        SCons.Errors.UserError: no literal name, one that is not there, or a `data()` beside it
            that would never be called.
    """
    name = _text(path, tree, "DATA", 'DATA = "readings.csv" in quotes')
    if name:
        _refuse_idle_data(path, tree)
    if name in ("", *data_sets.SETS):
        return name
    if not (path.parent / name).exists():
        _, line = _literal(path, tree, "DATA")
        raise _error(
            path,
            line,
            f"DATA names '{name}', which is not there, and no set that is fetched"
            f" ({', '.join(data_sets.SETS)}): mend it",
        )
    return str(path.parent / name)


def _refuse_idle_data(path: Path, tree: ast.Module) -> None:
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef) or node.name != "data":
            continue
        arguments = node.args
        names = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
        if not any(each.arg == "given" for each in names):
            raise _error(
                path,
                node.lineno,
                "data() is not called where DATA names what is read: take DATA away, or have it"
                " change what was read, def data(given)",
            )


def declared_subset(path: Path, tree: ast.Module) -> str:
    """What `SUBSET` calls the header of test inputs; `TEST_SUBSET` without it.

    Raises:
        SCons.Errors.UserError: no literal name that C takes.
    """
    example = (
        "write a name of lower-case letters, digits and underscores that ends with"
        f' {TEST_SUBSET}, SUBSET = "fan_{TEST_SUBSET}"'
    )
    return _text(path, tree, "SUBSET", example, _SUBSET) or TEST_SUBSET


def declared_names(path: Path, tree: ast.Module) -> FileNames:
    """What `PREFIX` calls the files, as the guide calls those of MNIST.

    Raises:
        SCons.Errors.UserError: no literal name.
    """
    example = 'write a name of lower-case letters, digits and underscores, PREFIX = "fan"'
    prefix = _text(path, tree, "PREFIX", example, _NAME)
    if not prefix:
        return FileNames()
    return FileNames(f"{prefix}.pt", f"{prefix}_model.onnx", f"{prefix}_model_int8.onnx")


def declared_method(path: Path, tree: ast.Module) -> str:
    """The one way of calibrating that `CALIBRATION` names; "" for the best of all.

    Raises:
        SCons.Errors.UserError: no literal, or no such way.
    """
    example = f'write one of {", ".join(METHODS)}, CALIBRATION = "{METHODS[0]}"'
    return _text(path, tree, "CALIBRATION", example, "|".join(METHODS))


def declared_recipes(path: Path, tree: ast.Module) -> list[str]:
    """The recipes that `RECIPES` names, the usual one first; [] without it.

    Raises:
        SCons.Errors.UserError: no literal names, one that no command line takes, or one twice.
    """
    value, line = _literal(path, tree, "RECIPES")
    if value is None:
        return []
    names = _names(value)
    if not names or len({*names}) != len(names) or not all(re.fullmatch(_RECIPE, n) for n in names):
        raise _error(
            path,
            line,
            "RECIPES is read without running the module: write names in quotes, each another, of"
            ' letters and digits, the usual one first, RECIPES = ("quick", "thorough")',
        )
    return names


def _names(value: ast.expr) -> list[str] | None:
    """Names in quotes; None for something else."""
    try:
        names = ast.literal_eval(value)
    except (ValueError, TypeError):
        return None
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        return None
    return list(names)
