"""Errors that are a user's to mend, and the wrapper that prints them in one line."""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from support import system_errors
from support.plain import make_plain, plain, raw

_MORE_MEMORY = "end other programs, or do it where there is more; of inputs, give fewer"


class UserError(Exception):
    """A mistake or a missing thing outside this program.

    Args:
        message: names the thing (file, node, tool, pin) and what is wrong with it.
        remedy: what to do about it; printed after the message.
    """

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message}\n  remedy: {self.remedy}" if self.remedy else self.message


def of_system(error: OSError, name: object = None, remedy: str = "") -> UserError:
    """The error of the operating system as one that names the thing and a remedy.

    Args:
        name: what it is about, where the error does not know it or has another name for it.
        remedy: one that fits better than what is generally done about such errors.
    """
    temporary = name is None and system_errors.nameless(error)
    return UserError(
        system_errors.message(error, name), remedy or system_errors.remedy(error, temporary)
    )


def red(text: str, stream: TextIO) -> str:
    """The text, red where a person reads it on a terminal that has colours.

    NO_COLOR: https://no-color.org
    """
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM", "dumb") == "dumb"
    return text if plain or not stream.isatty() else f"\033[1;31m{text}\033[0m"


def _say(program: str, text: str) -> None:
    """Print an error; of a copy that a build made for this process (site_tools/runs.py) the user
    knows the original, so that is what is named.
    """
    copies, originals = (os.environ.get(f"NN2FLASH_COPIES{end}", "") for end in ("", "_OF"))
    if copies and originals:
        text = text.replace(copies, originals)
    with contextlib.suppress(OSError):  # the status tells it, too
        stream = raw(sys.stderr)
        stream.write(f"{program}: {red('error:', stream)} {plain(text)}\n")
        stream.flush()


def _open_streams() -> None:
    """Make output possible where it is not: to closed streams nothing goes, and no file of ours is
    opened in their place. What a stream's encoding lacks is escaped, and what a terminal obeys.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free: this one
        if getattr(sys, name) is None:
            mode = "w" if number else "r"
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="backslashreplace")
    os.environ["PYTHON_COLORS"] = "0"  # argparse's, from 3.14 on, would be escaped
    make_plain()


def run_cli(program: str, main: Callable[[], int | None]) -> None:
    """Run `main` and end the process: 0, main's own status, 1 for a user error, 130 for Ctrl-C.

    A `UserError` or an operating system error (unwritable folder, disk full) becomes one message
    on stderr, with a remedy. Anything else is a defect of this program and keeps its traceback.
    """
    _open_streams()
    try:
        status = main() or 0
        sys.stdout.flush()
    except UserError as error:
        _say(program, str(error))
        status = 1
    except BrokenPipeError:
        status = 1
    except OSError as error:
        _say(program, str(of_system(error)))
        status = 1
    except MemoryError:
        _say(program, str(UserError("there is not enough memory", _MORE_MEMORY)))
        status = 1
    except KeyboardInterrupt:
        print(f"{program}: interrupted", file=sys.stderr)
        status = 130
    _let_go_of_output()
    sys.exit(status)


def _let_go_of_output() -> None:
    """Send nowhere what stdout cannot take: Python would try again at its end, and end with 120."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def run_module(program: str, module: str) -> None:
    """Run the `main` of a module as `run_cli` does; Ctrl-C is answered while it loads, too.

    Args:
        module: by its full name; loading its packages may take seconds.
    """

    def main() -> int | None:
        status: int | None = importlib.import_module(module).main()
        return status

    run_cli(program, main)
