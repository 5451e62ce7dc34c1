"""Functions of two quantized values of one shape, element by element."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx

from codegen.ir.graph import Op, Value
from codegen.ir.types import Array
from codegen.operator import Operator
from codegen.reader.context import Context, label, quantized_input
from codegen.reader.stages import Pending, Stage


@dataclass(frozen=True, eq=False)
class Elementwise(Op):
    """y = quantize(f(dequantize(a), dequantize(b))), each step in float32 as ONNX has it.

    Attributes:
        function: "add".
        low, high: clamp of the output bytes, from a fused ReLU or Clip.
    """

    function: str
    low: int = -128
    high: int = 127

    @property
    def content(self) -> tuple[bytes, ...]:
        """The function and the clamp, for the model's identity."""
        return self.function.encode(), bytes([self.low & 0xFF, self.high & 0xFF])


@dataclass(frozen=True, eq=False, kw_only=True)
class _Draft(Pending):
    """A result whose quantization is not known yet."""

    sources: tuple[Value, Value]
    function: str

    def finish(self, output: Value) -> Op:
        """The operation."""
        low, high = self.clamp(output.quantization)
        return Elementwise(self.name, self.sources, (output,), self.function, low, high)


def read(
    context: Context, node: onnx.NodeProto, stages: Sequence[Stage | None], function: str
) -> Stage:
    """A node of two values that vary.

    Raises:
        UserError: a value that is not quantized, or two shapes.
    """
    first, second = (quantized_input(context, node, stages, index) for index in (0, 1))
    if first.shape != second.shape:
        raise context.fail(
            node,
            f"its operands have shapes {list(first.shape)} and {list(second.shape)}",
            "give both the same shape",
        )
    return _Draft(name=label(node), shape=first.shape, sources=(first, second), function=function)


class ElementwiseOperator(Operator):
    """Two products, a sum, one division, each rounded to float32."""

    stem = "elementwise"
    op_type = Elementwise
    handlers = {}  # noqa: RUF012 - codegen/ops/add.py sends Adds of two values here

    def reference(self, op: Elementwise, *inputs: Array) -> Array:
        """docs/numerics.md, "Add of two values"."""
        first, second = (
            value.quantization.dequantize(rows)
            for value, rows in zip(op.inputs, inputs, strict=True)
        )
        with np.errstate(over="ignore", invalid="ignore"):
            return np.clip(op.output.quantization.quantize(first + second), op.low, op.high)


OPERATOR = ElementwiseOperator()
