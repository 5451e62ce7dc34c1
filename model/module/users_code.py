"""Running a user's Python code: whatever it raises becomes one line with the place in the file."""

from __future__ import annotations

import contextlib
import sysconfig
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from support.errors import UserError

MOST_LETTERS = 300
"""Of a message that somebody else's package raised."""

_PACKAGES = {"site-packages", "dist-packages"}
_PROJECT = Path(__file__).resolve().parents[2]
_OTHERS = [
    *(Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib", "purelib", "platlib")),
    *(_PROJECT / name for name in ("model", "support")),
]
"""Folders of the interpreter, of installed packages and of this project, wherever they lie."""


def place_of(function: Callable[..., Any], path: Path) -> str:
    """`file:line` of a function's definition; of one from another file the module's name alone."""
    code = getattr(function, "__code__", None)
    if code is None or Path(code.co_filename) != path:
        return str(path)
    return f"{path}:{code.co_firstlineno}"


def is_users(path: Path, filename: str) -> bool:
    """Whether a file is the module, or its author's too: a `.venv` may lie in the same folder."""
    file = Path(filename)
    if file == path:
        return True
    if path.parent not in file.parents or not _PACKAGES.isdisjoint(file.parts):
        return False
    return not any(folder in file.parents for folder in _OTHERS)


def _where(path: Path, error: BaseException) -> str:
    """`file:line` of the innermost step that is the user's; "" where none is."""
    if isinstance(error, SyntaxError) and error.filename and is_users(path, error.filename):
        return f"{error.filename}:{error.lineno}"
    steps = traceback.extract_tb(error.__traceback__)
    ours = [step for step in steps if is_users(path, step.filename)]
    return f"{ours[-1].filename}:{ours[-1].lineno}" if ours else ""


def told(error: BaseException) -> str:
    """An exception in one line."""
    text = " ".join(str(error).split())[:MOST_LETTERS]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


@contextlib.contextmanager
def running(path: Path, what: str, place: str = "") -> Iterator[None]:
    """Run code of the module at `path`.

    Args:
        what: what is being done, in a word or two, for the message.
        place: `file:line` that is named where no line of the user's raised; "" for the file.

    Raises:
        UserError: the code raised something, or tried to end the program.
    """
    try:
        yield
    except UserError:
        raise
    except MemoryError:
        raise UserError(f"{path}: not enough memory for {what}", "give less data") from None
    except (Exception, SystemExit) as error:
        missing = isinstance(error, ModuleNotFoundError) and error.name
        line = _where(path, error)
        remedy = (
            f".venv/bin/pip install {missing}, or put {missing}.py beside the module"
            if missing
            else "mend that line"
            if line
            else "mend what is defined there"
        )
        raise UserError(f"{line or place or path}: {what}: {told(error)}", remedy) from None
