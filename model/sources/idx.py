"""IDX files, the format of MNIST and its kin, of any content, packed by gzip or not.

Big endian: two zero bytes, the element type, the number of dimensions, the dimensions as 32-bit
integers, the elements. Source: Y. LeCun, C. Cortes and C. Burges, "THE MNIST DATABASE".
"""

from __future__ import annotations

import gzip
import math
import re
import zlib
from pathlib import Path

import numpy as np

from model.sources.split import TEST, Array, Data, check_share, cut_off
from support.errors import UserError
from support.files import check_given

TYPES = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
NAME = re.compile(
    r"(?P<part>.*?)[-_.]?(?P<kind>images|labels|data|targets)[-_.]idx\d[-.]u?byte(\.gz)?"
)
PARTS = {"train": "train", "t10k": "test", "test": "test", "val": "validation"}


def is_idx(path: Path) -> bool:
    """Whether a file is called as such files are."""
    return NAME.fullmatch(path.name) is not None


def load(path: Path) -> Array:
    """The array that a file holds, in this computer's byte order.

    Raises:
        UserError: not IDX, truncated, or longer than it says.
    """
    check_given(path)
    try:
        data = path.read_bytes()
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(f"{path}: cannot be read ({error})", "download it again") from None
    if len(data) < 4 or data[:2] != b"\0\0" or data[2] not in TYPES or len(data) < 4 + 4 * data[3]:
        raise UserError(f"{path}: not an IDX file", "download it again, or save it as .npz")
    kind = np.dtype(TYPES[data[2]])
    shape = [int(size) for size in np.frombuffer(data, ">u4", data[3], 4)]
    body = len(data) - 4 - 4 * data[3]
    if body != math.prod(shape) * kind.itemsize:
        raise UserError(
            f"{path}: holds {body:,} bytes of elements, {shape} takes"
            f" {math.prod(shape) * kind.itemsize:,}",
            "download it again",
        )
    values = np.frombuffer(data, kind, offset=4 + 4 * data[3]).reshape(shape)
    return values.astype(kind.newbyteorder("="))


def idx(folder: str | Path, test: float = TEST) -> Data:
    """Parts of a folder with files such as `train-images-idx3-ubyte` and `train-labels-idx1-ubyte`.

    Images [N, height, width] get a channel: [N, 1, height, width].

    Args:
        test: share that tests, where there are no files of `t10k` or `test`.

    Raises:
        UserError: no such files, images without labels, or broken ones.
    """
    place = Path(folder)
    check_share(place, test)
    found: dict[str, dict[str, Path]] = {}
    for path in sorted(place.iterdir() if place.is_dir() else []):
        if match := NAME.fullmatch(path.name):
            part = PARTS.get(match["part"], "train")
            role = "inputs" if match["kind"] in ("images", "data") else "labels"
            found.setdefault(part, {}).setdefault(role, path)
    if "train" not in found:
        raise UserError(
            f"{place}: has no IDX files",
            "they are called train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-…",
        )
    parts = {}
    for part, files in found.items():
        if {*files} != {"inputs", "labels"}:
            (lone,) = files.values()
            raise UserError(f"{lone}: has no counterpart", "put images and labels into the folder")
        inputs, labels = load(files["inputs"]), load(files["labels"])
        if len(inputs) != len(labels):
            raise UserError(
                f"{files['labels']}: {len(labels)} labels for {len(inputs)} inputs",
                "take both files from the same place",
            )
        parts[part] = (inputs[:, np.newaxis] if inputs.ndim == 3 else inputs, labels)
    return dict(parts) if "test" in parts else {**parts, **cut_off(place, *parts["train"], test)}
