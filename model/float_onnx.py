"""A float ONNX file of anyone's, before it is quantized: what it must be, said where it is not."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from pathlib import Path

import onnx

from model import onnx_file
from support.errors import UserError

OPSETS = range(13, 22)
"""From the first with scales per channel (QuantizeLinear-13) to the last that is read here."""

_INTEGER_NODES = {
    "QuantizeLinear",
    "DequantizeLinear",
    "DynamicQuantizeLinear",
    "MatMulInteger",
    "ConvInteger",
    "QGemm",
}
_CONVERT = "export with opset 17, or convert it: onnx.version_converter.convert_version(model, 17)"


@dataclass(frozen=True)
class NetworkInput:
    """An input of the network: its name, and its shape with batch 1."""

    name: str
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """Number of elements."""
        return prod(self.shape)


def read(path: Path) -> onnx.ModelProto:
    """Read a float network; a batch that is left open becomes 1.

    Raises:
        UserError: missing, not ONNX, quantized already, of an opset that the quantizer cannot
            write or the reader cannot read, or with inputs that are no float32 of fixed shape.
    """
    model = onnx_file.load(path)
    quantized = next((node for node in model.graph.node if is_integer(node)), None)
    if quantized is not None:
        raise UserError(
            f"{path}: is quantized already (node '{quantized.name}', {quantized.op_type})",
            "take it as it is (scons: leave calibration= out), or give the float network behind it",
        )
    versions = {entry.domain: entry.version for entry in model.opset_import}
    version = versions.get("", versions.get("ai.onnx", 0))
    if version not in OPSETS:
        age = "old" if version < OPSETS.start else "new"
        raise UserError(
            f"{path}: opset {version} is too {age}, it can be {OPSETS.start} to {OPSETS.stop - 1}",
            _CONVERT,
        )
    onnx_file.validate(path, model)
    _fix_batch(path, model)
    return model


def is_integer(node: onnx.NodeProto) -> bool:
    """Whether a node belongs to a quantized network."""
    return node.op_type in _INTEGER_NODES or node.op_type.startswith("QLinear")


def inputs(model: onnx.ModelProto) -> tuple[NetworkInput, ...]:
    """The inputs that are no initializers, of a model that `read` returned."""
    return tuple(
        NetworkInput(value.name, tuple(dim.dim_value for dim in value.type.tensor_type.shape.dim))
        for value in _declared(model)
    )


def _declared(model: onnx.ModelProto) -> list[onnx.ValueInfoProto]:
    constants = {tensor.name for tensor in model.graph.initializer}
    return [value for value in model.graph.input if value.name not in constants]


def _fix_batch(path: Path, model: onnx.ModelProto) -> None:
    declared = _declared(model)
    if not declared:
        raise UserError(f"{path}: the model has no input", "export the model again")
    names = set()
    for value in declared:
        kind = value.type.tensor_type
        where = f"{path}: input '{value.name}'"
        if kind.elem_type != onnx.TensorProto.FLOAT:
            raise UserError(f"{where} is not float32", "export the network with float32 inputs")
        dims = list(kind.shape.dim)
        if len(dims) < 2:
            raise UserError(f"{where} has rank {len(dims)}", "export with a batch of 1 in front")
        if not dims[0].HasField("dim_value"):
            names.add(dims[0].dim_param)
            dims[0].Clear()
            dims[0].dim_value = 1
        for position, dim in enumerate(dims):
            if dim.dim_param in names and dim.dim_param:
                dim.dim_value = 1
            if not dim.HasField("dim_value") or dim.dim_value < 1:
                name = dim.dim_param or "?"
                raise UserError(
                    f"{where} has the open dimension '{name}' at position {position}",
                    "fix it: python -m onnxruntime.tools.make_dynamic_shape_fixed"
                    f" --dim_param {name} --dim_value N {path.name} fixed.onnx",
                )
        if dims[0].dim_value != 1:
            raise UserError(
                f"{where} has a batch of {dims[0].dim_value}", "export the network with batch 1"
            )
    # What was inferred for an open batch is inferred again.
    model.graph.ClearField("value_info")
    for value in model.graph.output:
        shape = value.type.tensor_type.shape
        if any(not dim.HasField("dim_value") for dim in shape.dim):
            value.type.tensor_type.ClearField("shape")
