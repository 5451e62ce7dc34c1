"""Open an ONNX file without trusting it: bounded size, no external data, known opset, no cycles."""

from __future__ import annotations

from pathlib import Path

import onnx
from google.protobuf.message import DecodeError

from support.errors import UserError

# Microcontroller models are megabytes at most; the limits only bound time and memory.
MAX_FILE_BYTES = 256 * 1024 * 1024
MAX_NODES = 4096
MAX_ELEMENTS = 1 << 26
OPSETS = range(13, 22)


def load_model(path: Path) -> onnx.ModelProto:
    """Parse `path` and check everything that does not depend on operators.

    Raises:
        UserError: missing, too large, not ONNX, external data, functions or subgraphs beyond what
            is supported, opset outside 13..21, or more nodes than any such network has.
    """
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        raise UserError(f"{path}: no such file", "give network=path/to/model.onnx") from None
    if not path.is_file():
        raise UserError(f"{path}: not a file", "give network=path/to/model.onnx")
    if size > MAX_FILE_BYTES:
        raise UserError(
            f"{path}: {size:,} bytes is larger than {MAX_FILE_BYTES:,}",
            "this tool is for networks that fit a microcontroller",
        )
    model = onnx.ModelProto()
    try:
        model.ParseFromString(path.read_bytes())
    except DecodeError as error:
        raise UserError(
            f"{path}: not an ONNX file, or a truncated one ({error})",
            "export the model again and check that the copy is whole",
        ) from None
    if not model.HasField("graph") or not model.graph.node:
        raise UserError(f"{path}: holds no ONNX graph", "export the model again")
    _check_opset(path, model)
    _check_bounds(path, model.graph)
    return model


def _check_opset(path: Path, model: onnx.ModelProto) -> None:
    versions = {entry.domain: entry.version for entry in model.opset_import}
    version = versions.get("", versions.get("ai.onnx"))
    if version is None:
        raise UserError(f"{path}: names no ONNX opset", "export with opset 17")
    if version not in OPSETS:
        raise UserError(
            f"{path}: opset {version} is outside {OPSETS.start} to {OPSETS.stop - 1}",
            "export with opset 17",
        )


def _check_bounds(path: Path, graph: onnx.GraphProto) -> None:
    if len(graph.node) > MAX_NODES:
        raise UserError(
            f"{path}: {len(graph.node):,} nodes are more than {MAX_NODES:,}",
            "this tool is for networks that fit a microcontroller",
        )
    for tensor in graph.initializer:
        if tensor.data_location == onnx.TensorProto.EXTERNAL or tensor.external_data:
            raise UserError(
                f"{path}: initializer '{tensor.name}' keeps its data in another file",
                "save the model as a single file (onnx.save with save_as_external_data=False)",
            )
    if graph.sparse_initializer:
        raise UserError(f"{path}: sparse initializers are not supported", "store them dense")


def element_count(dims: list[int], what: str) -> int:
    """Return the product of `dims`, or raise `UserError` when it is negative or absurd."""
    count = 1
    for dim in dims:
        if dim < 0:
            raise UserError(f"{what}: negative dimension in shape {dims}", "export the model again")
        count *= dim
        if count > MAX_ELEMENTS:
            raise UserError(
                f"{what}: shape {dims} has more than {MAX_ELEMENTS:,} elements",
                "this tool is for networks that fit a microcontroller",
            )
    return count
