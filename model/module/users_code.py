"""Running a user's Python code: whatever it raises becomes one line with the place in the file."""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from support.errors import UserError

MOST_LETTERS = 300
"""Of a message that somebody else's package raised."""


def place_of(function: Callable[..., Any], path: Path) -> str:
    """`file:line` of a function's definition; of one from another file the module's name alone."""
    code = getattr(function, "__code__", None)
    if code is None or Path(code.co_filename) != path:
        return str(path)
    return f"{path}:{code.co_firstlineno}"


def _where(path: Path, error: BaseException) -> str:
    """`file:line` of the innermost step that lies in the module's folder."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}"
    steps = traceback.extract_tb(error.__traceback__)
    ours = [step for step in steps if path.parent in Path(step.filename).parents]
    return f"{ours[-1].filename}:{ours[-1].lineno}" if ours else str(path)


def told(error: BaseException) -> str:
    """An exception in one line."""
    text = " ".join(str(error).split())[:MOST_LETTERS]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


@contextlib.contextmanager
def running(path: Path, what: str) -> Iterator[None]:
    """Run code of the module at `path`.

    Args:
        what: what is being done, in a word or two, for the message.

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
        remedy = (
            f".venv/bin/pip install {missing}, or put {missing}.py beside the module"
            if missing
            else "mend that line"
        )
        raise UserError(f"{_where(path, error)}: {what}: {told(error)}", remedy) from None
