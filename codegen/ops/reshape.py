"""Reshape, Flatten, Squeeze, Unsqueeze, Identity: the bytes stay as they are."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import onnx

from codegen.graph import Int8Array, Node, Tensor
from codegen.operator import LayerPlan, Operator
from codegen.reader.walk import (
    FloatInput,
    Integers,
    Pending,
    Quantized,
    Stage,
    Walk,
    attribute,
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
    if shape[0] != 1:
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
            return Integers(shape, None)
        return Integers(shape, reshape(walk, node, stage.tensor, shape))
    return Quantized(reshape(walk, node, stage.tensor, shape))


def reshape(walk: Walk, node: onnx.NodeProto, source: Tensor, shape: tuple[int, ...]) -> Tensor:
    """`source` with another shape; a typed node when that differs."""
    if source.shape == shape:
        return source
    target = replace(source, name=node.output[0], shape=shape)
    return walk.emit(Reshape(label(node), source, target)).tensor


def _target_shape(walk: Walk, node: onnx.NodeProto, shape: tuple[int, ...]) -> tuple[int, ...]:
    size = int(np.prod(shape))
    if node.op_type == "Flatten":
        axis = int(attribute(node, "axis", 1))
        axis += len(shape) if axis < 0 else 0
        if not 0 <= axis <= len(shape):
            raise walk.fail(node, f"axis {axis} is outside shape {list(shape)}", "use axis 1")
        return (int(np.prod(shape[:axis])), int(np.prod(shape[axis:])))
    if node.op_type == "Squeeze":
        return (1, *[d for d in shape[1:] if d != 1]) if size > 1 else (1, 1)
    wanted = [int(d) for d in walk.constant(node, 1, "the new shape").values.reshape(-1)[:16]]
    if node.op_type == "Unsqueeze":
        rank = len(shape) + len(wanted)
        axes = {a + rank if a < 0 else a for a in wanted}
        if len(axes) != len(wanted) or not all(0 <= a < rank for a in axes):
            raise walk.fail(node, f"axes {wanted} do not fit rank {rank}", "export again")
        left = iter(shape)
        return tuple(1 if i in axes else next(left) for i in range(rank))
    if attribute(node, "allowzero", 0) == 0:
        wanted = [shape[i] if d == 0 and i < len(shape) else d for i, d in enumerate(wanted)]
    if wanted.count(-1) > 1 or any(d < -1 or d == 0 for d in wanted) or not wanted:
        raise walk.fail(node, f"cannot reshape to {wanted}", "export with a fixed shape")
    known = 1
    for d in wanted:
        known *= d if d > 0 else 1
    if -1 in wanted and size % known == 0:
        wanted[wanted.index(-1)] = size // known
        known = size
    if known != size:
        raise walk.fail(
            node, f"{size} elements do not fit shape {wanted}", "export with a fixed shape"
        )
    return tuple(wanted)


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
        "Dropout": _identity,
    }

    def reference(self, node: Reshape, inputs: Int8Array) -> Int8Array:
        """The same bytes."""
        return inputs

    def plan(self, node: Reshape) -> LayerPlan:
        """Nothing to compute."""
        return LayerPlan(node, self.stem, "view", "the bytes stay where they are")


OPERATOR = ReshapeOperator()
