"""What a network's file says of itself, read without any package: its kind, the fields of its
messages, which names of further files it can mean.

The generator reads by it, and the build, which has the standard library only.
Sources: Protocol Buffers, "Encoding"; ONNX, docs/ExternalData.md.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# The identifier of TensorFlow Lite's flatbuffers, behind the offset of their root.
TFLITE = b"TFL3"
_VARINT, _DELIMITED = 0, 2
# Wire type → bytes.
_LENGTHS = {1: 8, 5: 4}
# 64 bits, 7 in each byte.
_VARINT_BITS = 70


class Damaged(ValueError):
    """No such message; the text says why."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a message.

    Attributes:
        number: by which the message's type knows it.
        delimited: it is text, bytes or a message, and has a length.
        start, end: of what it holds; of a number, where the next field begins.
    """

    number: int
    delimited: bool
    start: int
    end: int


def fields(data: bytes | mmap.mmap, start: int, end: int) -> Iterator[Field]:
    """The fields of the message that lies from `start` to `end`, in their order.

    Raises:
        Damaged: it is none, or is cut off.
    """
    at = start
    while at < end:
        key, at = _varint(data, at, end)
        kind, length = key & 7, 0
        if kind == _VARINT:
            _, at = _varint(data, at, end)
        elif kind == _DELIMITED:
            length, at = _varint(data, at, end)
        elif kind in _LENGTHS:
            length = _LENGTHS[kind]
        else:
            raise Damaged(f"wire type {kind}")
        if at + length > end:
            raise Damaged("a field goes on after the end")
        yield Field(key >> 3, kind == _DELIMITED, at, at + length)
        at += length


def _varint(data: bytes | mmap.mmap, at: int, end: int) -> tuple[int, int]:
    value = shift = 0
    while at < end and shift < _VARINT_BITS:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise Damaged("a number goes on after the end")


def is_beside(name: str) -> bool:
    """Whether a model may keep data in a file of this name: one of its own folder, by its name."""
    return name not in ("", ".", "..") and not set(name) & set("/\\\0:")


def is_tflite(path: Path) -> bool:
    """Whether a file says of itself that it is TensorFlow Lite's, or is called so."""
    if not path.is_file():  # a pipe would wait for somebody who writes
        return False
    try:
        with path.open("rb") as stream:
            return stream.read(8)[4:] == TFLITE or path.suffix.lower() == ".tflite"
    except OSError:
        return False
