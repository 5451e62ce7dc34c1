"""The help text of `scons -h`, and answers to names that the build does not know."""

from __future__ import annotations

import os
import re
import shlex
import sys
import textwrap
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import SCons.Errors
from SCons.Script import BUILD_TARGETS, COMMAND_LINE_TARGETS, Exit, GetOption, SetOption
from site_tools.standalone import standalone

system_errors = standalone("system_errors")

# Columns of an old terminal; a line of the help fits.
WIDTH = 80
# SCons has options for them, and people type these words.
OPTIONS = ("help", "clean")

GUIDE = '"A step-by-Step Guide to Implementing a Neural Network for MNIST on STM32H750"'

# SCons' words for a file in the place of a folder, or the other way round.
IN_THE_WAY = re.compile(r"(File|Directory) (.+) found where (directory|file) expected")
# What compares with the reference, or sends the model itself.
COMPARED = {"evaluate", "validate", "demo", "profile", "cloud-benchmark"}
TRAINED = {"train", "onnx", "quantize", "model", "data"}


def stop(env: Any, error: Exception) -> NoReturn:
    """End the run with one line and exit status 2; an error of ours keeps its traceback."""
    message = system_errors.line(error) if isinstance(error, OSError) else str(error)
    if isinstance(error, TypeError):
        found = IN_THE_WAY.match(message)
        if not found:
            raise error
        what, path, wanted = found.groups()
        message = f"{path} is a {what.lower()}, not a {wanted}: move it away"
    sys.stderr.write(f"scons: {red('error:')} {message}\n")
    Exit(2)
    raise SystemExit(2)


def red(text: str) -> str:
    """The text, red on a terminal (as support.errors has it: https://no-color.org)."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM", "dumb") == "dumb"
    return text if plain or not sys.stderr.isatty() else f"\033[1;31m{text}\033[0m"


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows as columns; the last one goes on in the next line where it would leave WIDTH."""
    *widths, _ = (max(map(len, column)) + 2 for column in zip(*rows, strict=True))
    lines = []
    for *cells, last in rows:
        head = "".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        lines += textwrap.wrap(
            last, WIDTH, initial_indent=head, subsequent_indent=" " * sum(widths)
        ) or [head.rstrip()]
    return "\n".join(lines)


def check_place(env: Any) -> None:
    """See that the project's folder is where SCons works; nothing is made elsewhere.

    Raises:
        SCons.Errors.UserError: `scons -f …/SConstruct` was called in another folder.
    """
    folder = Path(__file__).parents[2]
    if not folder.samefile(env.Dir("#").abspath):
        command = shlex.join(["scons", "-C", str(folder.resolve())])
        raise SCons.Errors.UserError(f"the project is elsewhere: run {command}")


def take_words(env: Any, words: Mapping[str, str]) -> str:
    """Replace words of the command line by the targets or options that they stand for.

    Args:
        words: word -> target.

    Returns:
        "list" when that was asked for.
    """
    given = [words.get(target, target) for target in COMMAND_LINE_TARGETS]
    for option in OPTIONS:
        if option in given:
            SetOption(option, True)
    targets = [target for target in given if target not in (*OPTIONS, "list")]
    asked = "list" if "list" in given else ""
    if given != list(COMMAND_LINE_TARGETS) or targets != given:
        COMMAND_LINE_TARGETS[:] = targets
        BUILD_TARGETS[:] = targets or ["elf"]
    return asked


def print_list(env: Any, made: Collection[str], menu: Collection[str], variables: Any) -> NoReturn:
    """Print the targets that there are, and the variables with their values, and end.

    Args:
        made: names that can be made with the variables as they are.
        menu: all names; for one that is not made, `scons NAME` says why.
    """
    print(textwrap.fill("  ".join(sorted(made)), WIDTH, break_on_hyphens=False), end="\n\n")
    if others := sorted({*menu} - {*made}):
        shown = "Not with these variables: " + "  ".join(others)
        print(textwrap.fill(shown, WIDTH, break_on_hyphens=False), end="\n\n")
    for option in sorted(variables.options, key=lambda option: str(option.key)):
        print(f"{option.key}={env[option.key]}")
    sys.stdout.flush()
    Exit(0)
    raise SystemExit(0)


def help_text(env: Any, menu: Sequence[Sequence[str]], variables: Any) -> str:
    """The menu and the variables with their defaults and values."""
    rows = [("guide", "target", "makes"), *menu]
    settings = [
        (option.key, f"{option.help}" + (f" [{option.default}]" if option.default else ""))
        for option in variables.options
    ]
    guide = textwrap.fill(f"guide: steps of {GUIDE}", WIDTH)
    return (
        f"usage: scons [TARGET...] [NAME=VALUE...]\n\n{table(rows)}\n\n{guide}\n\n"
        "Also: help, list (targets, variables, values), all (= elf), run (= sim), clean.\n"
        "The name of each folder is a target too: what it is for, or its tests.\n\n"
        f"{table(settings)}\n\n"
        "NAME=VALUE may also stand in custom.py, one a line, VALUE in quotes.\n"
        "SCons' own options: scons -H. Common ones: -j N, -n (show only), -Q (terse)."
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
            if target == "quantize" and env["network"]:
                why = "it quantizes a float network= by calibration=x.npz"
            if target in COMPARED and env["ai"] == "bundle" and not env["network"]:
                why = "a bundle alone has nothing to compare with: network= names its ONNX file"
            if target in ("package", "new"):
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
    env.AddMethod(check_place, "CheckPlace")
    env.AddMethod(take_words, "TakeWords")
    env.AddMethod(print_list, "PrintList")
    env.AddMethod(help_text, "HelpText")
    env.AddMethod(check_targets, "CheckTargets")


def exists(env: Any) -> bool:
    """Needs nothing."""
    return True
