"""Transpose: axes change places. Nothing moves where the bytes lie that way already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx

from codegen.ir.graph import Op, Value
from codegen.ir.types import Array, TensorType
from codegen.operator import Alias, Operator
from codegen.ops.reshape import reshape
from codegen.reader.context import Context, integer, integers, label, moved, only_stage, text
from codegen.reader.load import MAX_ELEMENTS
from codegen.reader.stages import FloatInput, Stage


@dataclass(frozen=True, eq=False)
class Transpose(Op):
    """Output axis i is input axis permutation[i].

    With the identity it changes the order of the bytes only: from one layout to another.
    """

    permutation: tuple[int, ...]

    @property
    def content(self) -> tuple[bytes, ...]:
        """The permutation, for the model's identity."""
        return (bytes(self.permutation),)

    @property
    def strides(self) -> tuple[tuple[int, int], ...]:
        """(size, stride in elements of the input) for each axis of the output as it is stored.

        Axes of one element are left out, axes that lie behind one another are joined.
        """
        stored = self.input.type.order
        sizes = [self.input.shape[axis] for axis in stored]
        lies = {axis: int(np.prod(sizes[i + 1 :])) for i, axis in enumerate(stored)}
        found: list[tuple[int, int]] = []
        for axis in self.output.type.order:
            size, stride = self.output.shape[axis], lies[self.permutation[axis]]
            if size == 1:
                continue
            if found and found[-1][1] == size * stride:
                found[-1] = (found[-1][0] * size, stride)
            else:
                found.append((size, stride))
        return tuple(found) or ((1, 1),)

    @property
    def moves_nothing(self) -> bool:
        """The bytes of input and output are the same in the same order."""
        return len(self.strides) == 1 and self.strides[0][1] == 1


def relayout(name: str, source: Value, target: Value) -> Transpose:
    """What writes `source` in the layout of `target`."""
    return Transpose(name, (source,), (target,), tuple(range(len(source.shape))))


def _transpose(context: Context, node: onnx.NodeProto, stages: Sequence[Stage | None]) -> Stage:
    stage = only_stage(context, node, stages)
    if isinstance(stage, FloatInput):
        raise context.fail(
            node,
            "transposes the input before it is quantized",
            "quantize the input first",
        )
    rank = len(stage.shape)
    axes = integers(context, node, "perm", tuple(reversed(range(rank))))
    if sorted(axes) != list(range(rank)):
        raise context.fail(node, f"perm {list(axes)[:8]} does not fit rank {rank}", "export again")
    if stage.shape[axes[0]] != 1:
        raise context.fail(node, "moves the batch", "keep the batch first")
    shape = tuple(stage.shape[axis] for axis in axes)
    return moved(context, node, stages, shape, lambda v: transpose(context, node, v, axes))


def transpose(
    context: Context, node: onnx.NodeProto, source: Value, axes: tuple[int, ...]
) -> Value:
    """`source` with its axes in another order; an operation where that differs."""
    if axes == tuple(range(len(axes))):
        return source
    shape = tuple(source.shape[axis] for axis in axes)
    output = Value(node.output[0], TensorType(shape, source.quantization))
    context.emit(Transpose(label(node), (source,), (output,), axes))
    return output


def _blocks(context: Context, node: onnx.NodeProto, stages: Sequence[Stage | None]) -> Stage:
    """DepthToSpace and SpaceToDepth: axes taken apart, in another order, joined again.

    Source: ONNX operator specification, DepthToSpace.
    """
    given = only_stage(context, node, stages).shape
    block = integer(context, node, "blocksize", 0)
    deep = node.op_type == "DepthToSpace"
    if len(given) != 4 or block < 1 or block > MAX_ELEMENTS:
        raise context.fail(node, f"blocksize {block} of shape {list(given)}", "export again")
    _, channels, height, width = given
    if (channels % block**2) if deep else (height % block or width % block):
        raise context.fail(
            node, f"blocksize {block} does not divide {list(given)}", "export the model again"
        )
    mode = text(context, node, "mode", "DCR")
    if deep and mode not in ("DCR", "CRD"):
        raise context.fail(node, f"mode '{mode}' is unknown", "export the model again")
    if not deep:
        apart = (1, channels, height // block, block, width // block, block)
        axes = (0, 3, 5, 1, 2, 4)
        result = (1, channels * block**2, height // block, width // block)
    elif mode == "CRD":
        apart = (1, channels // block**2, block, block, height, width)
        axes = (0, 1, 4, 2, 5, 3)
        result = (1, channels // block**2, height * block, width * block)
    else:
        apart = (1, block, block, channels // block**2, height, width)
        axes = (0, 3, 4, 1, 5, 2)
        result = (1, channels // block**2, height * block, width * block)

    def move(source: Value) -> Value:
        taken = reshape(context, node, source, apart)
        return reshape(context, node, transpose(context, node, taken, axes), result)

    return moved(context, node, stages, result, move)


class TransposeOperator(Operator):
    """The elements as they are, the axes in another order."""

    stem = "transpose"
    op_type = Transpose
    handlers = {  # noqa: RUF012
        "Transpose": _transpose,
        "DepthToSpace": _blocks,
        "SpaceToDepth": _blocks,
    }

    def reference(self, op: Transpose, *inputs: Array) -> Array:
        """The batch of the reference takes the place of the model's batch of one."""
        (values,) = inputs
        batched = values[:, None]  # [N, 1, …]: the model's own batch axis stays among the others
        moved = batched.reshape(len(values), *op.input.shape).transpose(
            0, *(axis + 1 for axis in op.permutation)
        )
        return np.ascontiguousarray(moved)

    def aliases(self, op: Transpose) -> tuple[Alias, ...]:
        """All bytes, where none moves."""
        return (Alias(),) if op.moves_nothing else ()


OPERATOR = TransposeOperator()
