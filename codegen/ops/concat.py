"""Values one behind the other along an axis, each brought to the result's quantization."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod

import numpy as np
import onnx

from codegen.ir.graph import Op, Value, tensor
from codegen.ir.types import Array, Int8Array
from codegen.operator import Alias, Operator
from codegen.ops.lookup import make_table
from codegen.reader.context import Context, integer, label, quantized_input
from codegen.reader.stages import Pending, Quantized, Stage


@dataclass(frozen=True, eq=False)
class Concat(Op):
    """y = the inputs along `axis`.

    Attributes:
        axis: of the model's shape.
        tables: int8 [256] for each input, from its bytes to the output's; None: as they are.
    """

    axis: int
    tables: tuple[Int8Array | None, ...] = field(repr=False)

    @property
    def content(self) -> tuple[bytes, ...]:
        """The axis and the tables, for the model's identity."""
        return bytes([self.axis]), *(b"" if t is None else t.tobytes() for t in self.tables)

    @property
    def runs(self) -> tuple[int, tuple[int, ...]]:
        """How many times, and how many elements of each input are copied together, as stored."""
        order = self.output.type.order
        at = order.index(self.axis)
        outer = prod(self.output.shape[axis] for axis in order[:at])
        return outer, tuple(value.size // outer for value in self.inputs)


@dataclass(frozen=True, eq=False, kw_only=True)
class _Draft(Pending):
    """A concatenation whose quantization is not known yet."""

    sources: tuple[Value, ...]
    axis: int

    def finish(self, output: Value) -> Op:
        """The operation."""
        low, high = self.clamp(output.quantization)
        as_it_is = np.arange(-128, 128).astype(np.int8)
        tables: list[Int8Array | None] = []
        for source in self.sources:
            table = np.clip(make_table(source, output, lambda x: x), low, high)
            tables.append(None if np.array_equal(table, as_it_is) else table)
        return Concat(self.name, self.sources, (output,), self.axis, tuple(tables))


def _concat(context: Context, node: onnx.NodeProto, stages: Sequence[Stage | None]) -> Stage:
    sources = tuple(quantized_input(context, node, stages, i) for i in range(len(node.input)))
    rank = len(sources[0].shape)
    axis = integer(context, node, "axis", 1)
    axis += rank if axis < 0 else 0
    shapes = {source.shape[:axis] + source.shape[axis + 1 :] for source in sources}
    if not 0 < axis < rank or len(shapes) != 1 or any(len(s.shape) != rank for s in sources):
        raise context.fail(
            node,
            f"cannot join {[list(each.shape) for each in sources][:4]} along axis {axis}",
            "join values that differ along one axis behind the batch",
        )
    shape = list(sources[0].shape)
    shape[axis] = sum(source.shape[axis] for source in sources)
    draft = _Draft(name=label(node), shape=tuple(shape), sources=sources, axis=axis)
    if any(source.quantization != sources[0].quantization for source in sources):
        return draft
    # All alike: the bytes stay, whether or not a QuantizeLinear follows.
    output = tensor(node.output[0], draft.shape, sources[0].quantization)
    context.emit(draft.finish(output))
    return Quantized(output)


def concatenate(
    context: Context, name: str, output: str, values: Sequence[Value], axis: int
) -> Value:
    """Values of one quantization along an axis."""
    shape = list(values[0].shape)
    shape[axis] = sum(value.shape[axis] for value in values)
    target = tensor(output, tuple(shape), values[0].quantization)
    tables = (None,) * len(values)
    return context.emit(Concat(name, tuple(values), (target,), axis, tables)).value


class ConcatOperator(Operator):
    """Bytes move, through a table where the quantization differs."""

    stem = "concat"
    op_type = Concat
    limits = "Along any axis behind the batch; each input may have its own scale."
    handlers = {"Concat": _concat}  # noqa: RUF012

    def reference(self, op: Concat, *inputs: Array) -> Array:
        """The tables, then the bytes."""
        parts = [
            values if table is None else table[values.astype(np.int16) + 128]
            for values, table in zip(inputs, op.tables, strict=True)
        ]
        return np.concatenate(parts, axis=op.axis)

    def aliases(self, op: Concat) -> tuple[Alias, ...]:
        """Inputs that lie as they are in one piece of the output may be made there."""
        outer, sizes = op.runs
        if outer != 1 or any(table is not None for table in op.tables):
            return ()
        starts = np.cumsum([0, *sizes[:-1]]) * op.output.dtype.bytes
        return tuple(
            Alias(input=index, output_offset=int(start)) for index, start in enumerate(starts)
        )


OPERATOR = ConcatOperator()
