"""Reshape, Flatten, Squeeze, Unsqueeze, Identity: the bytes stay as they are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod

import numpy as np
import onnx

from codegen.graph import Int8Array, Node, Tensor
from codegen.operator import LayerPlan, Operator
from codegen.reader.load import MAX_RANK
from codegen.reader.walk import (
    FloatInput,
    Integers,
    Pending,
    Quantized,
    Stage,
    Walk,
    integer,
    label,
)


@dataclass(frozen=True)
class Reshape(Node):
    """Another shape for the same bytes."""


def _reshape(walk: Walk, node: onnx.NodeProto, stage: Stage) -> Stage:
    return _with_shape(walk, node, stage, _target_shape(walk, node, _shape_of(stage)))


def _identity(walk: Walk, node: onnx.NodeProto, stage: Stage) -> Stage:
    return _with_shape(walk, node, stage, _shape_of(stage))


def _shape_of(stage: Stage) -> tuple[int, ...]:
    return stage.tensor.shape if isinstance(stage, Quantized) else stage.shape


def _with_shape(walk: Walk, node: onnx.NodeProto, stage: Stage, shape: tuple[int, ...]) -> Stage:
    if not shape or shape[0] != 1:
        raise walk.fail(node, f"makes shape {list(shape)}; the batch must stay 1", "keep the batch")
    if isinstance(stage, Pending):
        if stage.shape != shape:
            raise walk.fail(
                node, "reshapes a value before it is quantized", "quantize after each layer"
            )
        return stage
    if isinstance(stage, FloatInput):
        return FloatInput(shape, stage.given)
    if isinstance(stage, Integers):
        if stage.tensor is None:
            return replace(stage, shape=shape)
        return replace(stage, shape=shape, tensor=reshape(walk, node, stage.tensor, shape))
    return Quantized(reshape(walk, node, stage.tensor, shape))


def reshape(walk: Walk, node: onnx.NodeProto, source: Tensor, shape: tuple[int, ...]) -> Tensor:
    """`source` with another shape; a typed node when that differs."""
    if source.shape == shape:
        return source
    target = replace(source, name=node.output[0], shape=shape)
    return walk.emit(Reshape(label(node), source, target)).tensor


def _target_shape(walk: Walk, node: onnx.NodeProto, shape: tuple[int, ...]) -> tuple[int, ...]:
    if node.op_type == "Flatten":
        return _flattened(walk, node, shape)
    if node.op_type == "Squeeze":
        return _squeezed(walk, node, shape)
    wanted = _integers(walk, node, "its new shape" if node.op_type == "Reshape" else "its axes")
    if node.op_type == "Unsqueeze":
        axes = _axes(walk, node, wanted, len(shape) + len(wanted))
        left = iter(shape)
        return tuple(1 if i in axes else next(left) for i in range(len(shape) + len(wanted)))
    return _reshaped(walk, node, shape, wanted)


def _integers(walk: Walk, node: onnx.NodeProto, what: str) -> list[int]:
    """Operand 1 as a short list of integers."""
    values = walk.plain(node, 1, what)
    if values.dtype != np.int64 or not 1 <= values.size <= MAX_RANK:
        raise walk.fail(
            node,
            f"{what} is {values.dtype} with {values.size} elements, not a few int64",
            "export with a fixed shape",
        )
    return [int(d) for d in values.reshape(-1)]


def _axes(walk: Walk, node: onnx.NodeProto, wanted: list[int], rank: int) -> set[int]:
    axes = {a + rank if a < 0 else a for a in wanted}
    if len(axes) != len(wanted) or not all(0 <= a < rank for a in axes):
        raise walk.fail(node, f"axes {wanted} do not fit rank {rank}", "export again")
    return axes


def _flattened(walk: Walk, node: onnx.NodeProto, shape: tuple[int, ...]) -> tuple[int, ...]:
    axis = integer(walk, node, "axis", 1)
    axis += len(shape) if axis < 0 else 0
    if not 0 <= axis <= len(shape):
        raise walk.fail(node, f"axis {axis} is outside shape {list(shape)}", "use axis 1")
    return prod(shape[:axis]), prod(shape[axis:])


def _squeezed(walk: Walk, node: onnx.NodeProto, shape: tuple[int, ...]) -> tuple[int, ...]:
    if len(node.input) > 1 and node.input[1]:
        axes = _axes(walk, node, _integers(walk, node, "its axes"), len(shape))
    else:
        axes = {axis for axis, size in enumerate(shape) if size == 1}
    if any(shape[axis] != 1 for axis in axes):
        raise walk.fail(
            node, f"cannot squeeze axes {sorted(axes)} of {list(shape)}", "export again"
        )
    return tuple(size for axis, size in enumerate(shape) if axis not in axes)


def _reshaped(
    walk: Walk, node: onnx.NodeProto, shape: tuple[int, ...], wanted: list[int]
) -> tuple[int, ...]:
    size, remedy = prod(shape), "export with a fixed shape"
    if integer(walk, node, "allowzero", 0) == 0:
        wanted = [shape[i] if d == 0 and i < len(shape) else d for i, d in enumerate(wanted)]
    if wanted.count(-1) > 1 or any(d < -1 or d == 0 for d in wanted):
        raise walk.fail(node, f"cannot reshape to {wanted}", remedy)
    known = prod(d for d in wanted if d > 0)
    if -1 in wanted and size % known == 0:
        wanted[wanted.index(-1)] = size // known
        known = size
    if known != size:
        raise walk.fail(node, f"{size} elements do not fit shape {wanted}", remedy)
    return tuple(wanted)


def _dropout(walk: Walk, node: onnx.NodeProto, stage: Stage) -> Stage:
    if len(node.input) > 2 and node.input[2] and walk.plain(node, 2, "its mode").any():
        raise walk.fail(node, "is in training mode", "export the model for inference")
    return _identity(walk, node, stage)


class ReshapeOperator(Operator):
    """A view: no code, no bytes."""

    stem = "reshape"
    node_type = Reshape
    handlers = {  # noqa: RUF012
        "Reshape": _reshape,
        "Flatten": _reshape,
        "Squeeze": _reshape,
        "Unsqueeze": _reshape,
        "Identity": _identity,
        "Dropout": _dropout,
    }
    view = True

    def reference(self, node: Reshape, inputs: Int8Array) -> Int8Array:
        """The same bytes."""
        return inputs

    def plan(self, node: Reshape) -> LayerPlan:
        """Nothing to compute."""
        return LayerPlan(node, self.stem, "view", "the bytes stay where they are")


OPERATOR = ReshapeOperator()
