"""Open an ONNX file without trusting it: bounded in size and parts, whole, of a known opset."""

from __future__ import annotations

from pathlib import Path

import onnx
from google.protobuf.message import DecodeError
from onnx import defs, version_converter

from codegen.reader.external import external_files, read_external
from codegen.reader.text import shown
from codegen.reader.wire import check_wire
from support.errors import UserError, of_system
from support.files import read_given
from support.kinds import refused_kind
from support.network_file import is_tflite

# Microcontroller models are megabytes at most; the limits only bound time and memory.
MAX_FILE_BYTES = 64 * 1024 * 1024
MAX_NODES = 4096
MAX_ELEMENTS = 1 << 24
MAX_RANK = 16
READ = "ONNX or .tflite"
GIVE_A_MODEL = "give the path of an .onnx or .tflite file"
# Below LIFTED onnx's own converter makes a later opset of it; above, each operator's definition in
# that very opset is what a node is held against.
LIFTED = 13
OPSETS = range(7, defs.onnx_opset_version() + 1)


def load_model(path: Path) -> onnx.ModelProto:
    """Parse `path`, check everything that does not depend on operators, and lift old opsets.

    Raises:
        UserError: as `parse_model`, or an old opset that cannot be lifted.
    """
    return lifted(path, parse_model(path))


def parse_model(path: Path) -> onnx.ModelProto:
    """Parse `path` with all its data, in its own opset.

    Raises:
        UserError: missing, too large, not ONNX, external data that is not there, local functions,
            an opset that onnx does not know, or more nodes than any such network has.
    """
    try:
        size = path.stat().st_size
    except (FileNotFoundError, NotADirectoryError):
        raise UserError(f"{path}: no such file", GIVE_A_MODEL) from None
    except OSError as error:
        raise of_system(error, path) from None
    if not path.is_file():
        raise refused_kind(path, READ) or UserError(f"{path}: not a file", GIVE_A_MODEL)
    if size > MAX_FILE_BYTES:
        raise UserError(
            f"{path}: {size:,} bytes is larger than {MAX_FILE_BYTES:,}",
            "this tool is for networks that fit a microcontroller",
        )
    try:
        model = _parse(path)
    except UserError as error:
        raise refused_kind(path, READ) or error from None
    if not model.HasField("graph") or not model.graph.node:
        raise refused_kind(path, READ) or UserError(
            f"{path}: holds no ONNX graph", "export the model again"
        )
    opset_of(path, model)
    _check_bounds(path, model)
    read_external(path, model, MAX_FILE_BYTES)
    return model


def data_files(path: Path) -> list[Path]:
    """The files beside a model that hold some of its data."""
    return [] if is_tflite(path) else external_files(path, _parse(path))


def _parse(path: Path) -> onnx.ModelProto:
    data = read_given(path)
    check_wire(data, onnx.ModelProto.DESCRIPTOR, str(path))
    model = onnx.ModelProto()
    try:
        model.ParseFromString(data)
    except DecodeError as error:
        raise UserError(
            f"{path}: not an ONNX file, or a truncated one ({error})",
            "export the model again and check that the copy is whole",
        ) from None
    return model


def lifted(path: Path, model: onnx.ModelProto) -> onnx.ModelProto:
    """The model in a later opset where its own is old, by onnx's converter.

    Raises:
        UserError: not a valid model of its opset, or one that the converter cannot lift.
    """
    if opset_of(path, model) >= LIFTED:
        return model
    try:
        # The converter is native code that takes a model's word for granted: look first.
        onnx.checker.check_model(model)
        return version_converter.convert_version(model, LIFTED)
    except Exception as error:
        reason = shown(str(error).strip().splitlines()[0] if str(error).strip() else "no reason")
        raise UserError(
            f"{path}: opset {opset_of(path, model)} cannot be lifted to {LIFTED} ({reason})",
            "export with opset 17",
        ) from None


def opset_of(path: Path, model: onnx.ModelProto) -> int:
    """The version of ONNX's operators that the model uses.

    Raises:
        UserError: none, or one outside of what onnx knows.
    """
    versions = {entry.domain: entry.version for entry in model.opset_import}
    version = versions.get("", versions.get("ai.onnx"))
    if version is None:
        raise UserError(f"{path}: names no ONNX opset", "export with opset 17")
    if version not in OPSETS:
        raise UserError(
            f"{path}: opset {version} is outside {OPSETS.start} to {OPSETS.stop - 1}",
            "export with opset 17",
        )
    return int(version)


def _check_bounds(path: Path, model: onnx.ModelProto) -> None:
    graph = model.graph
    if len(graph.node) > MAX_NODES:
        raise UserError(
            f"{path}: {len(graph.node):,} nodes are more than {MAX_NODES:,}",
            "this tool is for networks that fit a microcontroller",
        )
    if graph.sparse_initializer:
        raise UserError(f"{path}: sparse initializers are not supported", "store the weights dense")
    if model.functions:
        raise UserError(
            f"{path}: has local functions, for example '{shown(model.functions[0].name)}'",
            "inline them (onnx.inliner.inline_local_functions)",
        )


def element_count(dims: list[int], what: str) -> int:
    """Return the product of `dims`, or raise `UserError` when it is negative or absurd."""
    if len(dims) > MAX_RANK:
        raise UserError(f"{what}: has {len(dims):,} dimensions", "export the model again")
    count = 1
    for dim in dims:
        if dim < 0:
            raise UserError(f"{what}: negative dimension in shape {dims}", "export the model again")
        count *= dim
    # The largest on its own, too: a 0 beside it makes the product small, not the array's strides.
    if max(count, *dims, 0) > MAX_ELEMENTS:
        raise UserError(
            f"{what}: shape {dims} has more than {MAX_ELEMENTS:,} elements",
            "this tool is for networks that fit a microcontroller",
        )
    return count
