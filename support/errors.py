"""Errors that are a user's to mend, and the wrapper that prints them in one line."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable
from typing import TextIO


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


def red(text: str, stream: TextIO) -> str:
    """The text, red where a person reads it on a terminal that has colours.

    NO_COLOR: https://no-color.org
    """
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM", "dumb") == "dumb"
    return text if plain or not stream.isatty() else f"\033[1;31m{text}\033[0m"


def run_cli(program: str, main: Callable[[], int | None]) -> None:
    """Run `main` and end the process: 0, main's own status, 1 for a user error, 130 for Ctrl-C.

    A `UserError` or an operating system error (unwritable folder, disk full) becomes one message
    on stderr. Anything else is a defect of this program and keeps its traceback.
    """
    try:
        status = main() or 0
        sys.stdout.flush()
    except UserError as error:
        print(f"{program}: {red('error:', sys.stderr)} {error}", file=sys.stderr)
        status = 1
    except BrokenPipeError:
        status = 1
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        reason = error.strerror or error
        print(f"{program}: {red('error:', sys.stderr)} {where}{reason}", file=sys.stderr)
        status = 1
    except KeyboardInterrupt:
        print(f"{program}: interrupted", file=sys.stderr)
        status = 130
    sys.exit(status)


def run_module(program: str, module: str) -> None:
    """Run the `main` of a module as `run_cli` does; Ctrl-C is answered while it loads, too.

    Args:
        module: by its full name; loading its packages may take seconds.
    """

    def main() -> int | None:
        status: int | None = importlib.import_module(module).main()
        return status

    run_cli(program, main)
