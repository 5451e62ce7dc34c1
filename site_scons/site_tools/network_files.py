"""What a network's file says of itself before any package is there: its kind, files beside it.

Reading the build takes the standard library only. Sources: ONNX, onnx.proto, docs/ExternalData.md;
Protocol Buffers, "Encoding".
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# Fields on the way from a model to the name of a file with weights.
GRAPH, INITIALIZER, EXTERNAL_DATA, KEY, VALUE = 7, 5, 13, 1, 2
_LENGTHS = {1: 8, 5: 4}  # wire type → bytes
_DELIMITED = 2


class Damaged(ValueError):
    """No such message; the generator tells what is wrong with it."""


def _varint(data: mmap.mmap, at: int, end: int) -> tuple[int, int]:
    value = shift = 0
    while at < end and shift < 64:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise Damaged


def _parts(data: mmap.mmap, start: int, end: int, wanted: int) -> Iterator[tuple[int, int]]:
    """Start and end of each field `wanted` of a message that has a length."""
    at = start
    while at < end:
        tag, at = _varint(data, at, end)
        kind = tag & 7
        if kind == _DELIMITED:
            length, at = _varint(data, at, end)
            if tag >> 3 == wanted and at + length <= end:
                yield at, at + length
            at += length
        elif kind == 0:
            _, at = _varint(data, at, end)
        elif kind in _LENGTHS:
            at += _LENGTHS[kind]
        else:
            raise Damaged


def _text(data: mmap.mmap, entry: tuple[int, int], field: int) -> str:
    for start, end in _parts(data, *entry, field):
        return data[start:end].decode("utf-8", errors="replace")
    return ""


def _locations(data: mmap.mmap) -> Iterator[str]:
    for graph in _parts(data, 0, len(data), GRAPH):
        for tensor in _parts(data, *graph, INITIALIZER):
            for entry in _parts(data, *tensor, EXTERNAL_DATA):
                if _text(data, entry, KEY) == "location":
                    yield _text(data, entry, VALUE)


def data_files(path: Path) -> list[Path]:
    """The files beside an ONNX file that hold its weights; none of what is damaged or is not one.

    Only those that it can mean are among them: in its own folder, by a plain name.
    """
    found: dict[str, None] = {}
    try:
        with (
            path.open("rb") as stream,
            mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data,
        ):
            for name in _locations(data):
                if name not in ("", ".", "..") and not set(name) & set("/\\\0:"):
                    found[name] = None
    except (OSError, ValueError):
        return []
    return [path.parent / name for name in found]


def is_tflite(path: Path) -> bool:
    """Whether a file says of itself that it is TensorFlow Lite's, or is called so."""
    try:
        with path.open("rb") as stream:
            return stream.read(8)[4:] == b"TFL3" or path.suffix.lower() == ".tflite"
    except OSError:
        return False


def with_data(env: Any, node: Any) -> Any:
    """The node of a network's file; commands that read it depend on its data files, too."""
    files = data_files(Path(node.get_abspath()))
    node.attributes.data = [env.File(str(file)) for file in files if file.is_file()]
    return node


def generate(env: Any, **kw: Any) -> None:
    """Add `env.WithData(node)` and `env.IsTflite(node)`."""
    env.AddMethod(with_data, "WithData")
    env.AddMethod(lambda env, node: is_tflite(Path(node.get_abspath())), "IsTflite")


def exists(env: Any) -> bool:
    """Needs nothing."""
    return True
