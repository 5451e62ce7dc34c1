"""ArgMax and ArgMin: where the largest or smallest element along an axis stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import onnx

from codegen.ir.graph import Op, Value
from codegen.ir.types import Array, DType, TensorType
from codegen.operator import Operator
from codegen.ops.log_softmax import LogSoftmaxDraft
from codegen.ops.reshape import reshape
from codegen.ops.softmax import SoftmaxDraft
from codegen.reader.context import Context, integer, label, only_stage, quantized_input
from codegen.reader.stages import Indices, Quantized, Stage


@dataclass(frozen=True, eq=False)
class ArgMax(Op):
    """y = the position of the largest byte along an axis: int32, the axis has one element.

    Attributes:
        axis: of the model's shape.
        smallest: of the smallest byte instead.
        last: of several, the last; else the first.
    """

    axis: int
    smallest: bool
    last: bool

    @property
    def content(self) -> tuple[bytes, ...]:
        """All of it, for the model's identity."""
        return (bytes([self.axis, self.smallest, self.last]),)

    @property
    def detail(self) -> str:
        """Which it is."""
        return "smallest" if self.smallest else ""


def _read(
    context: Context, node: onnx.NodeProto, stages: Sequence[Stage | None], smallest: bool
) -> Stage:
    stage = only_stage(context, node, stages)
    rank = len(stage.shape)
    axis = integer(context, node, "axis", 0)
    if not -rank <= axis < rank or axis % rank == 0:
        raise context.fail(
            node, f"axis {axis} of shape {list(stage.shape)}", "use an axis behind the batch"
        )
    axis %= rank
    if isinstance(stage, SoftmaxDraft | LogSoftmaxDraft) and stage.axis == axis:
        stage = Quantized(stage.source)  # both keep the order of what they read
    source = quantized_input(context, node, [stage])
    shape = tuple(1 if i == axis else size for i, size in enumerate(source.shape))
    output = Value(node.output[0], TensorType(shape, None, DType.INT32))
    last = integer(context, node, "select_last_index", 0) != 0
    context.emit(ArgMax(label(node), (source,), (output,), axis, smallest, last))
    if not integer(context, node, "keepdims", 1):
        output = reshape(context, node, output, shape[:axis] + shape[axis + 1 :])
    return Indices(output, np.dtype(np.int64))


class ArgMaxOperator(Operator):
    """Positions as int32; the model's are int64."""

    stem = "arg_max"
    op_type = ArgMax
    limits = "int8 to int32; int64 in the model becomes int32. Along any axis behind the batch."
    handlers = {  # noqa: RUF012
        "ArgMax": partial(_read, smallest=False),
        "ArgMin": partial(_read, smallest=True),
    }

    def reference(self, op: ArgMax, *inputs: Array) -> Array:
        """Scales are positive: the order of bytes is the order of numbers."""
        (values,) = inputs
        find = np.argmin if op.smallest else np.argmax
        found: Array = find(np.flip(values, op.axis) if op.last else values, op.axis, keepdims=True)
        forwards = values.shape[op.axis] - 1 - found if op.last else found
        return forwards.astype(np.int32)


OPERATOR = ArgMaxOperator()
