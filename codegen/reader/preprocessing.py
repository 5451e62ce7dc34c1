"""What a model does to its float inputs before it quantizes them: part of the input's meaning.

Arithmetic with constants is no operation of the network: whoever quantizes an input computes it
first (`apply`). Moves of the elements go on with the quantized values; several inputs may be joined
before they are quantized together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import onnx

from codegen.ir.graph import Value
from codegen.ir.preprocessing import FUNCTIONS, Arithmetic
from codegen.ir.types import Float32Array, Quantization
from codegen.reader.context import Context, integer, label
from codegen.reader.stages import FloatInput, Integers, JoinedInputs, Quantized, Stage


def preprocess(
    context: Context, node: onnx.NodeProto, stages: Sequence[Stage | None]
) -> Stage | None:
    """The stage behind a node that reads inputs before they are quantized; None: no such node."""
    given = [stage for stage in stages if stage is not None]
    if node.op_type == "Cast" and len(given) == 1 and isinstance(given[0], Integers):
        return _integers_as_they_are(context, node, given[0])
    if node.op_type == "Concat" and _all_inputs(given) and len(given) == len(stages):
        return _joined(context, node, given)
    if len(given) != 1 or not isinstance(given[0], FloatInput):
        return None
    if node.op_type == "Cast" and integer(context, node, "to", 0) == onnx.TensorProto.FLOAT:
        return given[0]
    if node.op_type in FUNCTIONS and len(stages) == 2:
        return _computed(context, node, given[0], constant_first=stages[0] is None)
    return None


def _all_inputs(stages: Sequence[Stage]) -> bool:
    return bool(stages) and all(isinstance(each, FloatInput | JoinedInputs) for each in stages)


def _integers_as_they_are(context: Context, node: onnx.NodeProto, stage: Integers) -> Stage | None:
    """Bytes of an input that a Cast makes numbers of: quantized with scale 1."""
    if stage.value is not None or stage.index is None:
        return None
    if integer(context, node, "to", 0) != onnx.TensorProto.FLOAT:
        return None
    zero_point = -128 if stage.dtype == np.uint8 else 0
    from codegen.ops import reshape_value

    given = context.input_value(node, stage.index, Quantization(np.float32(1), zero_point))
    return Quantized(reshape_value(context, node, given, stage.shape))


def _computed(
    context: Context, node: onnx.NodeProto, stage: FloatInput, *, constant_first: bool
) -> Stage:
    """Arithmetic of an input and a constant.

    Raises:
        UserError: a constant that is no finite numbers, or does not fit the input.
    """
    constant = context.constant(node, 0 if constant_first else 1, "its operand")
    real = constant.real()
    if constant.scale is None and constant.values.dtype != np.float32:
        raise context.fail(node, f"its operand is {constant.values.dtype}", "export again")
    if not np.isfinite(real).all():
        raise context.fail(node, "its operand is not finite", "train the model again")
    try:
        shape = np.broadcast_shapes(stage.shape, real.shape)
    except ValueError:
        shape = ()
    if shape != stage.shape:
        raise context.fail(
            node,
            f"its operands have shapes {list(stage.shape)} and {list(real.shape)}",
            "normalize by numbers for the whole input or for each channel",
        )
    context.claim(node, 2 * int(np.prod(shape)))
    model = context.inputs[stage.index]
    # Back to where the input's own elements stand, through the moves so far.
    placed = np.zeros(int(np.prod(shape)), np.float32)
    placed[stage.places(model.shape).reshape(-1)] = np.broadcast_to(real, shape).reshape(-1)
    compact = _compact(placed.reshape(model.shape))
    step = Arithmetic(node.op_type, compact, constant_first)
    return replace(stage, arithmetic=(*stage.arithmetic, step))


def _compact(values: Float32Array) -> Float32Array:
    """The same numbers when broadcast, with one element along each axis where all are alike."""
    for axis in range(values.ndim):
        first = values.take([0], axis)
        if np.array_equal(np.broadcast_to(first, values.shape), values):
            values = first
    return np.ascontiguousarray(values)


def _joined(context: Context, node: onnx.NodeProto, stages: Sequence[Stage]) -> Stage:
    """Several inputs along an axis, to be quantized together.

    Raises:
        UserError: shapes that cannot be joined.
    """
    shapes = [list(stage.shape) for stage in stages]
    rank = len(shapes[0])
    axis = integer(context, node, "axis", 1)
    axis += rank if axis < 0 else 0
    alike = {tuple(shape[:axis] + shape[axis + 1 :]) for shape in shapes if len(shape) == rank}
    if not 0 < axis < rank or len(alike) != 1 or any(len(shape) != rank for shape in shapes):
        raise context.fail(
            node, f"cannot join {shapes[:4]} along axis {axis}", "join along one axis"
        )
    shapes[0][axis] = sum(shape[axis] for shape in shapes)
    parts = tuple(each for each in stages if isinstance(each, FloatInput | JoinedInputs))
    return JoinedInputs(parts, axis, tuple(shapes[0]), node)


def quantize_input(
    context: Context, node: onnx.NodeProto, stage: FloatInput | JoinedInputs, to: Quantization
) -> Value:
    """The quantized value of inputs that nobody has quantized yet."""
    if isinstance(stage, JoinedInputs):
        from codegen.ops import concatenated

        parts = []
        for each in stage.inputs:
            parts.append(quantize_input(context, node, each, to))
        return concatenated(context, label(stage.node), stage.node.output[0], parts, stage.axis)
    value = context.input_value(node, stage.index, to, stage.arithmetic)
    for move in stage.moves:
        value = move.emit(value)
    return value
