"""NumPy files at the room's door: read without trust, written with the same bytes each time."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from support.errors import UserError
from support.files import atomic_path

Array = npt.NDArray[Any]


def read_arrays(path: Path) -> dict[str, Array]:
    """Read a .npz, or a .npy as {"inputs": array}; pickled objects are refused.

    Raises:
        UserError: missing, damaged, or not a NumPy file.
    """
    try:
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return {"inputs": loaded}
        with loaded:
            return {key: loaded[key] for key in loaded.files}
    except FileNotFoundError:
        raise UserError(f"{path}: no such file") from None
    except (ValueError, EOFError, zipfile.BadZipFile, KeyError) as error:
        raise UserError(
            f"{path}: not a NumPy file ({error})", "give a .npy or .npz file of numbers"
        ) from None


def write_arrays(path: Path, arrays: Mapping[str, Array]) -> None:
    """Write a .npz; zip members carry no dates, so equal arrays give equal bytes."""
    with atomic_path(path) as temporary, temporary.open("wb") as stream:
        members: dict[str, Any] = {key: np.ascontiguousarray(arrays[key]) for key in sorted(arrays)}
        np.savez(stream, **members)
