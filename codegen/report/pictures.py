"""Small grey pictures as PNG data URIs: a page that needs no other file."""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np
import numpy.typing as npt

Grey = npt.NDArray[np.uint8]


def png(image: Grey) -> str:
    """uint8 [height, width], 255 white, as "data:image/png;base64,…" (PNG specification, 11.2)."""
    height, width = image.shape
    rows = np.zeros((height, width + 1), np.uint8)  # each row begins with its filter, 0: none
    rows[:, 1:] = image
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), 9)), (b"IEND", b""))
    data = b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, body) for kind, body in chunks)
    return "data:image/png;base64," + base64.b64encode(data).decode("ascii")


def _chunk(kind: bytes, body: bytes) -> bytes:
    checked = kind + body
    return struct.pack(">I", len(body)) + checked + struct.pack(">I", zlib.crc32(checked))


def as_grey(inputs: npt.NDArray[np.int8], shape: tuple[int, ...]) -> Grey | None:
    """Stored inputs int8 [N, size] as pictures uint8 [N, height, width], dark on white.

    Args:
        shape: of the network's input, batch first.

    Returns:
        None when the inputs are no pictures: not two dimensions longer than 1.
    """
    sides = [side for side in shape[1:] if side > 1]
    if len(sides) != 2 or not len(inputs):
        return None
    low, high = int(inputs.min()), int(inputs.max())
    spread = (inputs.astype(np.int32) - low) * 255 // max(1, high - low)
    grey: Grey = (255 - spread).astype(np.uint8).reshape(len(inputs), *sides)
    return grey
