"""NumPy files at the package's door: read without trust, written with the same bytes each time."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from support.errors import UserError
from support.files import CHECK_PATH, DAMAGED_ARRAYS, atomic_path, check_given

Array = npt.NDArray[Any]

# The whole MNIST test set is 31 MB as float32: bounds what a damaged or hostile file can ask for.
MAX_BYTES = 1 << 30
_REMEDY = "give a .npy or .npz file of numbers"
# Whoever wants more than there is memory asks for it by a size in the file.
_DAMAGE = (*DAMAGED_ARRAYS, MemoryError)


def read_arrays(path: Path) -> dict[str, Array]:
    """Read a .npz, or a .npy as {"inputs": array}; pickled objects are refused.

    Raises:
        UserError: missing, damaged, too large, or not a NumPy file of numbers.
    """
    check_given(path, _REMEDY)
    try:
        with path.open("rb") as stream:
            if zipfile.is_zipfile(stream):
                return _read_members(path, stream)
            stream.seek(0)
            return {"inputs": _read_array(path, stream, os.fstat(stream.fileno()).st_size)}
    except (FileNotFoundError, NotADirectoryError):
        raise UserError(f"{path}: no such file", CHECK_PATH) from None
    except _DAMAGE as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise UserError(f"{path}: not a NumPy file ({reason})", _REMEDY) from None


def _read_members(path: Path, stream: IO[bytes]) -> dict[str, Array]:
    with zipfile.ZipFile(stream) as archive:
        members = [info for info in archive.infolist() if info.filename.endswith(".npy")]
        if not members:
            raise UserError(f"{path}: holds no NumPy arrays", _REMEDY)
        if sum(info.file_size for info in members) > MAX_BYTES:
            raise UserError(f"{path}: holds more than {MAX_BYTES:,} bytes", "give fewer inputs")
        found = {}
        for info in members:
            with archive.open(info) as member:
                found[info.filename.removesuffix(".npy")] = _read_array(
                    path, member, info.file_size
                )
    return found


def _read_array(path: Path, stream: IO[bytes], size: int) -> Array:
    """One array; its header may not promise more than the `size` bytes that are there."""
    version = np.lib.format.read_magic(stream)
    read_header = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }[version]
    shape, fortran_order, dtype = read_header(stream)
    if dtype.kind not in "biuf":
        raise UserError(f"{path}: holds {_kind(dtype)}, not numbers", _REMEDY)
    count = 1
    for length in shape:
        count *= int(length)
    if size > MAX_BYTES or count * dtype.itemsize != size - stream.tell() or count < 0:
        raise ValueError(f"shape {list(shape)} of {dtype} does not fit its {size:,} bytes")
    values = np.frombuffer(stream.read(count * dtype.itemsize), dtype)
    return values.reshape(shape, order="F" if fortran_order else "C")


def _kind(dtype: np.dtype[Any]) -> str:
    return "pickled objects" if dtype.hasobject else f"values of type {dtype}"


def write_arrays(path: Path, arrays: Mapping[str, Array]) -> None:
    """Write a .npz; zip members carry no dates, so equal arrays give equal bytes."""
    with atomic_path(path) as temporary, temporary.open("wb") as stream:
        members: dict[str, Any] = {key: np.ascontiguousarray(arrays[key]) for key in sorted(arrays)}
        np.savez(stream, **members)
