"""A user's NumPy files, read without trust: `.npz`, or a single array in an `.npy`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from support.errors import UserError
from support.files import DAMAGED_ARRAYS, check_given, in_words


def read(path: Path, remedy: str) -> dict[str, npt.NDArray[Any]]:
    """All arrays of a file by their names; that of an `.npy` is called `inputs`.

    Args:
        remedy: what a file is made with that is right.

    Raises:
        UserError: missing, damaged, or no file of plain arrays.
    """
    check_given(path, remedy)
    try:
        with path.open("rb") as stream:
            stored = np.load(stream, allow_pickle=False)
            if isinstance(stored, np.ndarray):
                return {"inputs": stored}
            return {name: stored[name] for name in stored.files}
    except FileNotFoundError:
        raise UserError(f"{path}: no such file", remedy) from None
    except DAMAGED_ARRAYS as error:
        told = f"{path}: not a file of NumPy's arrays ({in_words(error)})"
        raise UserError(told, remedy) from None
