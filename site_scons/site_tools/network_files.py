"""What a network's file says of itself before any package is there: its kind, files beside it.

Source: ONNX, onnx.proto.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from site_tools.standalone import standalone

network_file = standalone("network_file")
# Fields on the way from a model to the name of a file with weights.
GRAPH, INITIALIZER, EXTERNAL_DATA, KEY, VALUE = 7, 5, 13, 1, 2


def _parts(data: mmap.mmap, start: int, end: int, wanted: int) -> Iterator[tuple[int, int]]:
    """Start and end of what each field `wanted` of a message holds."""
    for field in network_file.fields(data, start, end):
        if field.number == wanted and field.delimited:
            yield field.start, field.end


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
    try:
        with (
            path.open("rb") as stream,
            mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data,
        ):
            found = dict.fromkeys(filter(network_file.is_beside, _locations(data)))
    except (OSError, ValueError):
        return []
    return [path.parent / name for name in found]


def with_data(env: Any, node: Any) -> Any:
    """The node of a network's file; commands that read it depend on its data files, too."""
    files = data_files(Path(node.get_abspath()))
    node.attributes.data = [env.File(str(file)) for file in files if file.is_file()]
    return node


def generate(env: Any, **kw: Any) -> None:
    """Add `env.WithData(node)` and `env.IsTflite(node)`."""
    env.AddMethod(with_data, "WithData")
    env.AddMethod(lambda env, node: network_file.is_tflite(Path(node.get_abspath())), "IsTflite")


def exists(env: Any) -> bool:
    """Needs nothing."""
    return True
