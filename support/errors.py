"""Errors that are a user's to mend, and the wrapper that prints them in one line."""

from __future__ import annotations

import sys
from collections.abc import Callable


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


def run_cli(program: str, main: Callable[[], int | None]) -> None:
    """Run `main` and end the process: 0, main's own status, 1 for a user error, 130 for Ctrl-C.

    A `UserError` or an operating system error (unwritable folder, disk full) becomes one message
    on stderr. Anything else is a defect of this program and keeps its traceback.
    """
    try:
        status = main() or 0
        sys.stdout.flush()
    except UserError as error:
        print(f"{program}: error: {error}", file=sys.stderr)
        status = 1
    except BrokenPipeError:
        status = 1
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        print(f"{program}: error: {where}{error.strerror or error}", file=sys.stderr)
        status = 1
    except KeyboardInterrupt:
        print(f"{program}: interrupted", file=sys.stderr)
        status = 130
    sys.exit(status)
