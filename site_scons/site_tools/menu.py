"""The help text of `scons -h`, and answers to names that the build does not know."""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, NoReturn

import SCons.Errors
from SCons.Script import COMMAND_LINE_TARGETS, Exit, GetOption

# SCons' words for a file in the place of a folder, or the other way round.
IN_THE_WAY = re.compile(r"(File|Directory) (.+) found where (directory|file) expected")
# What compares with the reference, or sends the model itself.
COMPARED = {"validate", "demo", "profile", "cloud-benchmark"}
TRAINED = {"train", "onnx", "quantize", "evaluate", "model", "data"}


def stop(env: Any, error: Exception) -> NoReturn:
    """End the run with one line and exit status 2; an error of ours keeps its traceback."""
    message = str(error)
    if isinstance(error, TypeError):
        found = IN_THE_WAY.match(message)
        if not found:
            raise error
        what, path, wanted = found.groups()
        message = f"{path} is a {what.lower()}, not a {wanted}: move it away"
    sys.stderr.write(f"scons: error: {message}\n")
    Exit(2)
    raise SystemExit(2)


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows as columns; the last column is as wide as it likes."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def help_text(env: Any, menu: Sequence[Sequence[str]], variables: Any) -> str:
    """The menu and the variables with their defaults and values."""
    rows = [("guide", "target", "makes", "command"), *menu]
    settings = [
        (option.key, f"{option.help}" + (f" [{option.default}]" if option.default else ""))
        for option in variables.options
    ]
    return (
        f"usage: scons [TARGET...] [NAME=VALUE...]\n\n{table(rows)}\n\n"
        "The name of each folder is a target too: what the room makes, or its tests.\n\n"
        f"{table(settings)}\n\n"
        "NAME=VALUE may also stand in custom.py, one a line, VALUE in quotes.\n"
        "SCons' own options: scons -H. Much used: -j N, -n (show only), -c (clean), -Q (terse)."
    )


def check_targets(env: Any, made: Collection[str], menu: Collection[str]) -> None:
    """Look at the targets of the command line before anything is built.

    Args:
        made: names that can be made with the variables as they are.
        menu: all names.

    Raises:
        SCons.Errors.UserError: a target is neither in the menu nor a path, or cannot be made.
    """
    if GetOption("help"):
        return
    for target in COMMAND_LINE_TARGETS:
        if target in made:
            continue
        if target in menu:
            trained = target in TRAINED and (env["network"] or env["ai"] != "builtin")
            why = "this network is given, not trained" if trained else f"not for {env['board']}"
            if target in COMPARED and env["ai"] == "bundle" and not env["network"]:
                why = "a bundle alone has nothing to compare with: network= names its ONNX file"
            if target == "package":
                why = "say where with dest=FOLDER"
            raise SCons.Errors.UserError(f"'{target}' cannot be made: {why}")
        if "/" not in target and not Path(env.GetLaunchDir(), target).exists():
            if target in env["SETTINGS"]:
                raise SCons.Errors.UserError(f"'{target}' is a variable: give {target}=VALUE")
            known = {*made, *menu}
            raise SCons.Errors.UserError(f"unknown target '{target}': {env.Nearest(target, known)}")


def generate(env: Any, **kw: Any) -> None:
    """Add `env.Stop`, `env.HelpText` and `env.CheckTargets`."""
    env.AddMethod(stop, "Stop")
    env.AddMethod(help_text, "HelpText")
    env.AddMethod(check_targets, "CheckTargets")


def exists(env: Any) -> bool:
    """Needs nothing."""
    return True
