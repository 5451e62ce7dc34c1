"""Reshape, Flatten, Squeeze, Unsqueeze, Identity: the bytes stay as they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod

import numpy as np
import onnx

from codegen.ir.graph import Op, Value
from codegen.ir.types import Array
from codegen.operator import Alias, Operator
from codegen.reader.context import Context, integer, label, only_stage
from codegen.reader.load import MAX_RANK
from codegen.reader.stages import FloatInput, Integers, Moved, Pending, Quantized, Stage


@dataclass(frozen=True, eq=False)
class Reshape(Op):
    """Another shape for the same bytes."""


def _reshape(context: Context, node: onnx.NodeProto, stages: Sequence[Stage | None]) -> Stage:
    stage = only_stage(context, node, stages)
    return with_shape(context, node, stage, target_shape(context, node, stage.shape))


def _identity(context: Context, node: onnx.NodeProto, stages: Sequence[Stage | None]) -> Stage:
    stage = only_stage(context, node, stages)
    return with_shape(context, node, stage, stage.shape)


def with_shape(
    context: Context, node: onnx.NodeProto, stage: Stage, shape: tuple[int, ...]
) -> Stage:
    """The stage with another shape, wherever it stands.

    Raises:
        UserError: a shape without the batch.
    """
    if not shape or shape[0] != 1:
        raise context.fail(
            node, f"makes shape {list(shape)}; the batch must stay 1", "keep the batch"
        )
    if isinstance(stage, Pending):
        if stage.shape == shape:
            return stage
        return Moved(
            name=label(node),
            shape=shape,
            inner=stage,
            move=lambda value: reshape(context, node, value, shape),
        )
    if isinstance(stage, FloatInput):
        return replace(stage, shape=shape)
    if isinstance(stage, Integers):
        if stage.value is None:
            return replace(stage, shape=shape)
        value = reshape(context, node, stage.value, shape)
        return replace(stage, shape=shape, value=value)
    return Quantized(reshape(context, node, stage.value, shape))


def reshape(context: Context, node: onnx.NodeProto, source: Value, shape: tuple[int, ...]) -> Value:
    """`source` with another shape; an operation where that differs."""
    if source.shape == shape:
        return source
    target = Value(node.output[0], replace(source.type, shape=shape))
    return context.emit(Reshape(label(node), (source,), (target,))).value


def target_shape(context: Context, node: onnx.NodeProto, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape that a Reshape, Flatten, Squeeze or Unsqueeze gives to a value of `shape`.

    Raises:
        UserError: one that does not fit.
    """
    if node.op_type == "Flatten":
        return _flattened(context, node, shape)
    if node.op_type == "Squeeze":
        return _squeezed(context, node, shape)
    wanted = _integers(context, node, "its new shape" if node.op_type == "Reshape" else "its axes")
    if node.op_type == "Unsqueeze":
        axes = _axes(context, node, wanted, len(shape) + len(wanted))
        left = iter(shape)
        return tuple(1 if i in axes else next(left) for i in range(len(shape) + len(wanted)))
    return _reshaped(context, node, shape, wanted)


def _integers(context: Context, node: onnx.NodeProto, what: str) -> list[int]:
    """Operand 1 as a short list of integers."""
    values = context.plain(node, 1, what)
    if values.dtype != np.int64 or not 1 <= values.size <= MAX_RANK:
        raise context.fail(
            node,
            f"{what} is {values.dtype} with {values.size} elements, not a few int64",
            "export with a fixed shape",
        )
    return [int(d) for d in values.reshape(-1)]


def _axes(context: Context, node: onnx.NodeProto, wanted: list[int], rank: int) -> set[int]:
    axes = {a + rank if a < 0 else a for a in wanted}
    if len(axes) != len(wanted) or not all(0 <= a < rank for a in axes):
        raise context.fail(node, f"axes {wanted} do not fit rank {rank}", "export again")
    return axes


def _flattened(context: Context, node: onnx.NodeProto, shape: tuple[int, ...]) -> tuple[int, ...]:
    axis = integer(context, node, "axis", 1)
    axis += len(shape) if axis < 0 else 0
    if not 0 <= axis <= len(shape):
        raise context.fail(node, f"axis {axis} is outside shape {list(shape)}", "use axis 1")
    return prod(shape[:axis]), prod(shape[axis:])


def _squeezed(context: Context, node: onnx.NodeProto, shape: tuple[int, ...]) -> tuple[int, ...]:
    if len(node.input) > 1 and node.input[1]:
        axes = _axes(context, node, _integers(context, node, "its axes"), len(shape))
    else:
        axes = {axis for axis, size in enumerate(shape) if size == 1}
    if any(shape[axis] != 1 for axis in axes):
        raise context.fail(
            node, f"cannot squeeze axes {sorted(axes)} of {list(shape)}", "export again"
        )
    return tuple(size for axis, size in enumerate(shape) if axis not in axes)


def _reshaped(
    context: Context, node: onnx.NodeProto, shape: tuple[int, ...], wanted: list[int]
) -> tuple[int, ...]:
    size, remedy = prod(shape), "export with a fixed shape"
    if integer(context, node, "allowzero", 0) == 0:
        wanted = [shape[i] if d == 0 and i < len(shape) else d for i, d in enumerate(wanted)]
    if wanted.count(-1) > 1 or any(d < -1 or d == 0 for d in wanted):
        raise context.fail(node, f"cannot reshape to {wanted}", remedy)
    known = prod(d for d in wanted if d > 0)
    if -1 in wanted and size % known == 0:
        wanted[wanted.index(-1)] = size // known
        known = size
    if known != size:
        raise context.fail(node, f"{size} elements do not fit shape {wanted}", remedy)
    return tuple(wanted)


def _dropout(context: Context, node: onnx.NodeProto, stages: Sequence[Stage | None]) -> Stage:
    if len(node.input) > 2 and node.input[2] and context.plain(node, 2, "its mode").any():
        raise context.fail(node, "is in training mode", "export the model for inference")
    return _identity(context, node, stages)


class ReshapeOperator(Operator):
    """A view: no code, no bytes."""

    stem = "reshape"
    op_type = Reshape
    handlers = {  # noqa: RUF012
        "Reshape": _reshape,
        "Flatten": _reshape,
        "Squeeze": _reshape,
        "Unsqueeze": _reshape,
        "Identity": _identity,
        "Dropout": _dropout,
    }
    channels_last = False

    def reference(self, op: Reshape, *inputs: Array) -> Array:
        """The same bytes."""
        (values,) = inputs
        return values.reshape(len(values), *op.output.shape[1:])

    def aliases(self, op: Reshape) -> tuple[Alias, ...]:
        """All of them."""
        return (Alias(),)


OPERATOR = ReshapeOperator()
