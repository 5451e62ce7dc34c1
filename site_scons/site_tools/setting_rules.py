"""What the values of the build's variables may be: a check for each kind (settings.py names them).

A check gets the name, the value and the environment, and raises `SCons.Errors.UserError`.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import SCons.Errors
from site_tools.standalone import standalone

data_sets = standalone("data_sets")

ROOT = Path(__file__).resolve().parents[2]
Validator = Callable[[str, Any, Any], None]


def nearest(word: str, known: Collection[str]) -> str:
    """What the user may have meant, as the end of a message."""
    choices = sorted(known)
    near = difflib.get_close_matches(word, choices, n=1, cutoff=0.5)
    return f"did you mean '{near[0]}'?" if near else f"known: {', '.join(choices)}"


def values(word: str, choices: Collection[str]) -> str:
    """All of a variable's values, and which of them the user may have meant: a message's end."""
    known, found = ", ".join(sorted(choices)), nearest(word, choices)
    return found if found.endswith(known) else f"{found} (known: {known})"


def one_of(choices: Collection[str]) -> Validator:
    """A value out of `choices`."""

    def check(key: str, value: Any, env: Any) -> None:
        if value not in choices:
            raise SCons.Errors.UserError(f"{key}={value}: {values(str(value), choices)}")

    return check


def matching(pattern: str, meaning: str) -> Validator:
    """A value that matches `pattern` as a whole; `meaning` says in words what that is."""

    def check(key: str, value: Any, env: Any) -> None:
        if not re.fullmatch(pattern, str(value)):
            raise SCons.Errors.UserError(f"{key}={value}: give {meaning}")

    return check


def existing_file(key: str, value: Any, env: Any) -> None:
    """Nothing, or a file that is there, or one that a host's build makes."""
    path = Path(env.GetLaunchDir(), value)
    if value and not path.is_file() and (path.is_dir() or not env.Entry(str(path)).has_builder()):
        raise SCons.Errors.UserError(f"{key}={value}: no such file")


# What people have who come from elsewhere, and the two lines that make a network of it.
_GIVE = "`scons sim network={stem}.onnx calibration=x.npz`, x.npz with inputs like real ones"
_KERAS = (
    "a Keras model: convert it, `python -c \"import keras; keras.models.load_model('{name}')"
    f".export('{{stem}}.onnx', format='onnx')\"`, then {_GIVE}"
)
_TORCH = (
    "PyTorch weights: where the network is defined, `torch.onnx.export(network.eval(), (example,),"
    f" '{{stem}}.onnx')`, then {_GIVE}"
)
FOREIGN = {
    ".keras": _KERAS,
    ".h5": _KERAS,
    ".pt": _TORCH,
    ".pth": _TORCH,
    ".pb": f"a TensorFlow graph: make ONNX of it with `python -m tf2onnx.convert`, then {_GIVE}",
    ".safetensors": _TORCH,
}


def network_file(key: str, value: Any, env: Any) -> None:
    """A file that is there; what is neither ONNX nor .tflite is told apart by its name."""
    existing_file(key, value, env)
    path = Path(str(value))
    if path.suffix.lower() == ".py":
        raise SCons.Errors.UserError(f"{key}={value}: is a network module: model={value}")
    if told := FOREIGN.get(path.suffix.lower()):
        told = told.format(name=path.name, stem=path.stem)
        raise SCons.Errors.UserError(f"{key}={value}: is {told}")


def network_module(key: str, value: Any, env: Any) -> None:
    """Nothing, or a Python file that is there."""
    existing_file(key, value, env)
    if value and Path(str(value)).suffix.lower() != ".py":
        raise SCons.Errors.UserError(
            f"{key}={value}: is no Python file with network() and data(); a network that is there"
            " already is given by network="
        )


def existing_path(key: str, value: Any, env: Any) -> None:
    """Nothing, or a file or folder that is there."""
    path = Path(env.GetLaunchDir(), value)
    if value and not path.exists():
        raise SCons.Errors.UserError(f"{key}={value}: no such file or folder")
    if value and not path.is_file() and not path.is_dir():  # its reader would wait
        raise SCons.Errors.UserError(f"{key}={value}: is neither a file nor a folder, give one")


def other_build(key: str, value: Any, env: Any) -> None:
    """Nothing, another build's report.json or its folder, or what the history calls a build."""
    path = Path(env.GetLaunchDir(), value)
    known = re.fullmatch(r"[0-9a-f]{0,12}|this|previous|oldest", value)
    if not known and not path.is_file() and not (path / "report.json").is_file():
        raise SCons.Errors.UserError(
            f"{key}={value}: no report.json, and no build of the history: a number, a key"
            " (hexadecimal digits), this, previous or oldest"
        )


def folder(key: str, value: Any, env: Any) -> None:
    """Nothing, or a folder, or one that can be made."""
    path = Path(env.GetLaunchDir(), value)
    if not value or path.is_dir():
        return
    above = next(parent for parent in (path, *path.parents) if parent.exists())
    if not above.is_dir():
        raise SCons.Errors.UserError(f"{key}={value}: {above} is not a folder, choose another")
    if not os.access(above, os.W_OK | os.X_OK):
        raise SCons.Errors.UserError(f"{key}={value}: cannot write to {above}, choose another")


def build_folder(key: str, value: Any, env: Any) -> None:
    """A folder whose files' names no command takes for an option, nor SCons for one of its own."""
    if not value or value[0] in "-#":
        raise SCons.Errors.UserError(f"{key}={value}: give a folder, ./{value} if that is its name")
    if "%" in value:
        # GNU ld puts the ELF's name in its place when it writes the map.
        raise SCons.Errors.UserError(f"{key}={value}: give a folder without a % in its path")


def printable(check: Validator | None) -> Validator:
    """`check`, for what is no SCons variable: a dollar sign in a value would name one."""

    def guarded(key: str, value: Any, env: Any) -> None:
        refuse_unprintable(f"{key}={env[key]}", str(env[key]))
        if check:
            check(key, value, env)

    return guarded


def refuse_unprintable(named: str, text: str) -> None:
    """Refuse a dollar sign, or what cannot be printed.

    Raises:
        SCons.Errors.UserError: one is in `text`; the message begins with `named`.
    """
    for letter in text:
        if letter == "$" or not letter.isprintable():
            what = "a dollar sign" if letter == "$" else "a control character"
            shown = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in named)
            raise SCons.Errors.UserError(f"{shown}: {what} is not possible here, rename it")


def existing_inputs(key: str, value: Any, env: Any) -> None:
    """Nothing, a fetched set that networks can be tried with, or a file that is there."""
    if value in data_sets.SETS and value not in data_sets.TRIED:
        raise SCons.Errors.UserError(
            f"{key}={value}: is of a format that only a module's training reads, give .npy, .npz or"
            f" {', '.join(data_sets.TRIED)}"
        )
    if value not in data_sets.TRIED:
        refuse_unknown_set(key, value, data_sets.TRIED, env)
        existing_file(key, value, env)


def existing_data(key: str, value: Any, env: Any) -> None:
    """Nothing, a fetched set, or a file or folder that is there."""
    if value not in data_sets.SETS:
        refuse_unknown_set(key, value, data_sets.SETS, env)
        existing_path(key, value, env)


def refuse_unknown_set(key: str, value: Any, known: Collection[str], env: Any) -> None:
    """Refuse a plain word that is neither there nor a fetched set.

    Raises:
        SCons.Errors.UserError: it is such a one.
    """
    if re.fullmatch(r"\w+", value) and not Path(env.GetLaunchDir(), value).exists():
        raise SCons.Errors.UserError(
            f"{key}={value}: no such file or folder, nor a set that is fetched:"
            f" {values(value, known)}"
        )


def test_path(word: str) -> str:
    """Where the tests are that a user calls "ops", "ops/test_add" or "tests/ops/test_add.py"."""
    name = word.removeprefix("tests/").rstrip("/").removesuffix(".py")
    return next((p for p in (f"tests/{name}", f"tests/{name}.py") if (ROOT / p).exists()), "")


def known_tests(key: str, value: Any, env: Any) -> None:
    """Nothing, or folders and files of tests, with commas between."""
    for word in filter(None, value.split(",")):
        if not test_path(word):
            folders = {path.parent.name for path in (ROOT / "tests").glob("*/test_*.py")}
            raise SCons.Errors.UserError(f"{key}={word}: {values(word, folders)}")


def yes_or_no(key: str, value: Any, env: Any) -> None:
    """0 or 1."""
    one_of(("0", "1"))(key, str(value), env)


def examples() -> list[str]:
    """The names of all examples: folders of examples/ with a network module of their name."""
    found = (p.parent.name for p in (ROOT / "examples").glob("*/*.py") if p.stem == p.parent.name)
    return sorted(found)


def boards() -> list[str]:
    """The names of all boards: folders of firmware/boards/ with a board.toml."""
    return sorted(p.parent.name for p in (ROOT / "firmware" / "boards").glob("*/board.toml"))


def board_toml(board: str, launch_dir: str) -> Path:
    """The board.toml of a board: of that name, or a folder that the user named."""
    if board in boards():
        return ROOT / "firmware" / "boards" / board / "board.toml"
    return Path(launch_dir, board, "board.toml")


def a_board(key: str, value: Any, env: Any) -> None:
    """The name of a board of this project, or a folder with a board.toml."""
    if not board_toml(str(value), env.GetLaunchDir()).is_file():
        meant = (
            f"no board.toml in that folder ({Path(env.GetLaunchDir(), value)})"
            if "/" in str(value) or Path(env.GetLaunchDir(), value).is_dir()
            else values(str(value), boards())
        )
        raise SCons.Errors.UserError(f"{key}={value}: {meant}")
