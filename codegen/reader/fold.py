"""Constants that a model computes from constants: weights behind Q, DQ, Transpose or Identity."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx

from codegen.reader.constants import AnyArray, Constant, quantization_of, read_tensor
from codegen.reader.context import Context, integer, label
from codegen.reader.fold_numbers import compute


def fold(context: Context, node: onnx.NodeProto) -> Constant:
    """The constant that a node without variable operands computes."""
    if node.op_type == "Constant":
        return _constant_node(context, node)
    value = context.constant(node, 0, "its operand")
    if node.op_type == "Transpose" and value.values.ndim == 2:
        return value.transposed() if _swaps(node) else value
    if node.op_type == "Identity":
        return value
    if node.op_type == "DequantizeLinear":
        return _dequantize(context, node, value)
    if node.op_type == "QuantizeLinear" and value.scale is None:
        return Constant(_quantize(context, node, value.values))
    found = compute(context, node)
    if found is not None:
        return Constant(found)
    raise context.fail(
        node, "this operation on constants is not supported", "fold constants when exporting"
    )


def parameters(context: Context, node: onnx.NodeProto) -> tuple[AnyArray, AnyArray]:
    """Scales float32 [n] and zero points int64 [n] of a QuantizeLinear or DequantizeLinear."""
    scale = context.plain(node, 1, "its scale")
    zero = context.plain(node, 2, "its zero point") if _has_zero_point(node) else None
    if integer(context, node, "block_size", 0):
        raise context.fail(node, "quantizes in blocks", "quantize per tensor or per channel")
    return quantization_of(scale, zero, f"{context.path}: node '{label(node)}' ({node.op_type})")


def zero_point_type(context: Context, node: onnx.NodeProto) -> np.dtype[Any] | None:
    """The element type that a Q or DQ node's zero point has, or None without a zero point."""
    if _has_zero_point(node):
        return context.plain(node, 2, "its zero point").dtype
    return None


def quantized_type(context: Context, node: onnx.NodeProto) -> np.dtype[Any]:
    """What a QuantizeLinear writes.

    Source: ONNX operator specification, QuantizeLinear-21: the zero point's type, else
    `output_dtype`, else uint8.
    """
    dtype = zero_point_type(context, node)
    if dtype is None:
        asked = integer(context, node, "output_dtype", 0)
        types = {0: np.uint8, onnx.TensorProto.UINT8: np.uint8, onnx.TensorProto.INT8: np.int8}
        dtype = np.dtype(types[asked]) if asked in types else None
    if dtype not in (np.int8, np.uint8):
        raise context.fail(node, "does not quantize to int8 or uint8", "quantize to 8 bits")
    return dtype


def _has_zero_point(node: onnx.NodeProto) -> bool:
    return len(node.input) > 2 and bool(node.input[2])


def _swaps(node: onnx.NodeProto) -> bool:
    """Whether a Transpose of a matrix moves anything."""
    return all(list(a.ints) != [0, 1] for a in node.attribute if a.name == "perm")


def _constant_node(context: Context, node: onnx.NodeProto) -> Constant:
    for entry in node.attribute:
        if entry.name == "value" and entry.type == onnx.AttributeProto.TENSOR:
            return Constant(read_tensor(entry.t, f"{context.path}: constant '{label(node)}'"))
        if entry.name in ("value_float", "value_floats"):
            single = entry.name == "value_float"
            return Constant(np.array(entry.f if single else list(entry.floats), np.float32))
        if entry.name in ("value_int", "value_ints"):
            single = entry.name == "value_int"
            return Constant(np.array(entry.i if single else list(entry.ints), np.int64))
    raise context.fail(node, "holds no tensor and no numbers", "export the model again")


def _axis(context: Context, node: onnx.NodeProto, values: AnyArray, channels: int) -> int:
    """The axis of per-channel parameters, checked against the values' shape."""
    if channels == 1:
        return 0
    axis = integer(context, node, "axis", 1)
    axis += values.ndim if axis < 0 else 0
    if not 0 <= axis < values.ndim or values.shape[axis] != channels:
        raise context.fail(
            node,
            f"{channels} scales do not match axis {axis} of shape {list(values.shape)}",
            "quantize the model again",
        )
    return axis


def _dequantize(context: Context, node: onnx.NodeProto, value: Constant) -> Constant:
    if value.scale is not None or value.values.dtype not in (np.int8, np.uint8, np.int32):
        raise context.fail(
            node, f"dequantizes {_kind(value)}", "use constants of int8, uint8 or int32"
        )
    scale, zeros = parameters(context, node)
    if zero_point_type(context, node) not in (None, value.values.dtype):
        raise context.fail(
            node,
            f"its zero point is {zero_point_type(context, node)}, its values {value.values.dtype}",
            "quantize the model again",
        )
    return Constant(value.values, scale, zeros, _axis(context, node, value.values, scale.size))


def _kind(value: Constant) -> str:
    return str(value.values.dtype) if value.scale is None else "a dequantized constant"


def _quantize(context: Context, node: onnx.NodeProto, values: AnyArray) -> AnyArray:
    scale, zeros = parameters(context, node)
    info = np.iinfo(quantized_type(context, node))
    axis = _axis(context, node, values, scale.size)
    shape = [1] * values.ndim
    if scale.size > 1:
        shape[axis] = scale.size
    if values.dtype != np.float32 or not np.isfinite(values).all():
        raise context.fail(
            node, "its values are not finite float32 numbers", "train the model again"
        )
    context.claim(node, values.size)
    with np.errstate(over="ignore"):
        scaled = np.rint(values / scale.reshape(shape))
    # Far outside the range rint would overflow the integer: clip the float first.
    shifted = np.clip(scaled, -1024, 1024) + zeros.reshape(shape)
    stored: AnyArray = np.clip(shifted, info.min, info.max).astype(info.dtype)
    return stored
