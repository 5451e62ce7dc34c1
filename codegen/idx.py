"""The IDX format of MNIST's raw files, as published by Y. LeCun, C. Cortes and C. Burges.

Big endian: two zero bytes, the element type (8: uint8), the number of dimensions, the dimensions
as 32-bit integers, the elements.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from codegen.arrays import Array
from support.errors import UserError
from support.files import CHECK_PATH, check_given

SUFFIX = "-ubyte"
_AGAIN = "download it again"


def read_idx(path: Path) -> Array:
    """uint8 array of the shape the file states.

    Raises:
        UserError: missing, not IDX of bytes, or truncated.
    """
    check_given(path)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise UserError(f"{path}: no such file", CHECK_PATH) from None
    if data[:3] != b"\0\0\x08" or len(data) < 4 + 4 * data[3]:
        raise UserError(f"{path}: not an IDX file of bytes", _AGAIN)
    shape = np.frombuffer(data, ">u4", data[3], 4)
    elements = np.frombuffer(data, np.uint8, offset=4 + 4 * data[3])
    if elements.size != int(np.prod(shape, dtype=np.uint64)):
        raise UserError(
            f"{path}: has {elements.size:,} elements, not {list(map(int, shape))}", _AGAIN
        )
    return elements.reshape(shape)


def read_labeled(images: Path) -> dict[str, Array]:
    """`inputs` of an images file, and `labels` when the labels file lies beside it."""
    arrays = {"inputs": read_idx(images)}
    labels = images.with_name(images.name.replace("images-idx3", "labels-idx1"))
    if labels != images and labels.is_file():
        arrays["labels"] = read_idx(labels)
    return arrays
