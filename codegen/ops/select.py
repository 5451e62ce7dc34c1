"""Elements chosen along each axis: Slice, Split, Pad, Expand, Tile, Gather, nearest Resize.

All of them take, for each axis by itself, some positions of the input in some order, or nothing,
where a constant stands: one operation with one map for each axis.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import onnx

from codegen.ir.graph import Op, Value
from codegen.ir.types import Array, Quantization, TensorType
from codegen.operator import Alias, Operator
from codegen.ops.lookup import requantize
from codegen.ops.reshape import reshape
from codegen.reader.context import Context, label, moved, only_stage, quantization_of
from codegen.reader.selections import READERS, Map, Selection, check, split
from codegen.reader.stages import Quantized, Stage


@dataclass(frozen=True, eq=False)
class Select(Op):
    """y[i, j, …] = x[maps[0][i], maps[1][j], …], or `fill` where a map has -1.

    Attributes:
        maps: int32 [size of the output], for each axis of the output.
        fill: the byte that stands for nothing.
    """

    maps: tuple[Map, ...] = field(repr=False)
    fill: int = 0

    @property
    def content(self) -> tuple[bytes, ...]:
        """The maps, for the model's identity."""
        return (bytes([self.fill & 0xFF]), *(each.astype("<i4").tobytes() for each in self.maps))

    @property
    def view(self) -> int | None:
        """The first element, as stored, when the output is one piece of the input; else None."""
        offset, whole = 0, True
        for axis in reversed(self.output.type.order):
            chosen, size = self.maps[axis], self.input.shape[axis]
            first = int(chosen[0])
            if first < 0 or not np.array_equal(chosen, first + np.arange(chosen.size)):
                return None
            if chosen.size > 1 and not whole:
                return None
            whole = whole and chosen.size == size
            offset += first * self.strides[axis]
        return offset

    @property
    def strides(self) -> tuple[int, ...]:
        """Elements of the input from one to the next, for each axis."""
        behind, found = 1, [0] * len(self.input.shape)
        for axis in reversed(self.input.type.order):
            found[axis] = behind
            behind *= self.input.shape[axis]
        return tuple(found)


def _emit(
    context: Context, node: onnx.NodeProto, source: Value, chosen: Selection, name: str
) -> Value:
    quantization = quantization_of(context, node, source)
    fill = int(quantization.quantize(np.array([chosen.fill], np.float32))[0])
    output = Value(name, TensorType(chosen.shape, quantization))
    value = context.emit(Select(label(node), (source,), (output,), chosen.maps, fill)).value
    return value if chosen.result is None else reshape(context, node, value, chosen.result)


def _stage(
    context: Context,
    node: onnx.NodeProto,
    stages: Sequence[Stage | None],
    chosen: Selection,
    name: str,
) -> Stage:
    check(context, node, chosen)
    shape = chosen.shape if chosen.result is None else chosen.result
    stage = only_stage(context, node, stages)
    if isinstance(stage, Quantized) and not _holds(stage.value.quantization, chosen):
        # The output's bytes may hold it: then all else is quantized so before it moves.
        stages = [requantize(label(node), stage.value), *stages[1:]]
    return moved(context, node, stages, shape, lambda v: _emit(context, node, v, chosen, name))


def _holds(quantization: Quantization, chosen: Selection) -> bool:
    """Whether a byte of the input's stands for the fill, exactly."""
    fill = np.array([chosen.fill], np.float32)
    filled = any((each < 0).any() for each in chosen.maps)
    return not filled or bool(quantization.dequantize(quantization.quantize(fill)) == fill)


def read_selection(context: Context, node: onnx.NodeProto, stages: Sequence[Stage | None]) -> Stage:
    """A node of `READERS`.

    Raises:
        UserError: what it selects is not supported.
    """
    given = only_stage(context, node, stages).shape
    chosen = READERS[node.op_type](context, node, given)
    return _stage(context, node, stages, chosen, node.output[0])


def _split(
    context: Context, node: onnx.NodeProto, stages: Sequence[Stage | None]
) -> tuple[Stage, ...]:
    given = only_stage(context, node, stages).shape
    return tuple(
        _stage(context, node, stages, chosen, name)
        for chosen, name in zip(split(context, node, given), node.output, strict=True)
    )


class SelectOperator(Operator):
    """Bytes move, or a constant stands."""

    stem = "select"
    op_type = Select
    limits = (
        "Constant operands; the batch stays. Gather along one axis; Pad with constant, "
        "edge, reflect, wrap."
    )
    handlers = {  # noqa: RUF012
        "Split": _split,
        # Resize and Upsample may interpolate: codegen/ops/interpolate.py.
        **{name: read_selection for name in READERS if name not in ("Resize", "Upsample")},
    }

    def reference(self, op: Select, *inputs: Array) -> Array:
        """One axis after the other."""
        (values,) = inputs
        for axis, chosen in enumerate(op.maps):
            if axis == 0:
                continue  # the batch
            values = np.take(values, np.maximum(chosen, 0), axis=axis)
            shape = [1] * values.ndim
            shape[axis] = chosen.size
            values = np.where((chosen < 0).reshape(shape), np.int8(op.fill), values)
        return values

    def aliases(self, op: Select) -> tuple[Alias, ...]:
        """One piece of the input is a view of it."""
        return () if op.view is None else (Alias(input_offset=op.view * op.input.dtype.bytes),)


OPERATOR = SelectOperator()
