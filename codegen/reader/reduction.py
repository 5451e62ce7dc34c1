"""Reductions over axes, brought into the form of an image whose pixels are reduced."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import onnx

from codegen.ir.graph import Value
from codegen.reader.context import Context, integer, integers
from codegen.reader.selections import operand


@dataclass(frozen=True)
class Reduction:
    """What a Reduce node asks for.

    Attributes:
        kept, reduced: axes, the batch left out.
        result: the shape of what comes out.
    """

    kept: tuple[int, ...]
    reduced: tuple[int, ...]
    result: tuple[int, ...]


def read_reduction(context: Context, node: onnx.NodeProto, shape: Sequence[int]) -> Reduction:
    """The axes of a Reduce node, from its attribute (before opset 13 or 18) or its operand.

    Raises:
        UserError: axes that are no constant, no integers, out of range, or that hold the batch.
    """
    rank = len(shape)
    wanted: Sequence[int] | None = operand(context, node, 1, "its axes")
    if wanted is None:
        wanted = integers(context, node, "axes", ())
    if not wanted and integer(context, node, "noop_with_empty_axes", 0):
        return Reduction(tuple(range(1, rank)), (), tuple(shape))
    axes = {axis + rank if axis < 0 else axis for axis in wanted or range(1, rank)}
    if not all(0 <= axis < rank for axis in axes) or (0 in axes and wanted):
        raise context.fail(
            node,
            f"reduces axes {list(wanted)[:8]} of shape {list(shape)}",
            "reduce axes behind the batch",
        )
    keep = integer(context, node, "keepdims", 1) != 0
    result = [1 if axis in axes else size for axis, size in enumerate(shape)]
    if not keep:
        result = [size for axis, size in enumerate(shape) if axis not in axes]
    kept = tuple(axis for axis in range(1, rank) if axis not in axes)
    return Reduction(kept, tuple(sorted(axes)), tuple(result))


def as_image(context: Context, node: onnx.NodeProto, source: Value, asked: Reduction) -> Value:
    """`source` as [1, channels, …] whose channels stay and whose pixels are reduced."""
    from codegen.ops import reshape_value, transpose_value

    shape = source.shape
    if asked.kept == (1,) and len(shape) in (3, 4):
        return source
    order = (0, *asked.kept, *asked.reduced)
    moved = transpose_value(context, node, source, order)
    sizes = (prod(shape[axis] for axis in some) for some in (asked.kept, asked.reduced))
    return reshape_value(context, node, moved, (1, *sizes))
