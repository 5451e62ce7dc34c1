"""Element-wise functions of one int8 tensor, as a table of 256 bytes made offline.

Covers a ReLU, Clip, Sigmoid or Tanh that stands between quantized tensors, and a change of scale.
A ReLU or Clip right after another operator costs nothing: it becomes that operator's clamp.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import onnx

from codegen.ir.graph import Op, Value
from codegen.ir.types import Array, Int8Array
from codegen.operator import Operator
from codegen.reader.context import Context, label, only_stage, quantized_input
from codegen.reader.stages import Pending, Stage

Function = Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float32]]


@dataclass(frozen=True, eq=False)
class Lookup(Op):
    """y = table[x + 128].

    Attributes:
        table: int8 [256], indexed by the input byte plus 128.
    """

    table: Int8Array = field(repr=False)

    @property
    def content(self) -> tuple[bytes, ...]:
        """The table, for the model's identity."""
        return (self.table.tobytes(),)


def make_table(source: Value, target: Value, function: Function) -> Int8Array:
    """int8 [256]: QuantizeLinear(function(DequantizeLinear(q))) for every byte, in float32.

    Source: ONNX operator specification, DequantizeLinear and QuantizeLinear.
    """
    shifted = np.arange(-128, 128, dtype=np.int32) - source.quantization.zero_point
    with np.errstate(over="ignore"):
        real = shifted.astype(np.float32) * np.float32(source.quantization.scale)
        return target.quantization.quantize(function(real).astype(np.float32))


@dataclass(frozen=True, eq=False, kw_only=True)
class Draft(Pending):
    """A function whose output quantization is not known yet."""

    source: Value
    function: Function

    def finish(self, output: Value) -> Op:
        """The operation with its table."""
        table = make_table(self.source, output, self.function)
        clamped = np.clip(table, *self.clamp(output.quantization))
        return Lookup(self.name, (self.source,), (output,), clamped)


def draft(name: str, source: Value, function: Function) -> Draft:
    """`function` of every element of `source`."""
    return Draft(name=name, shape=source.shape, source=source, function=function)


def requantize(name: str, source: Value) -> Draft:
    """A change of scale and zero point."""
    return draft(name, source, lambda x: x)


def _bounded(
    context: Context, node: onnx.NodeProto, stages: Sequence[Stage | None], low: float, high: float
) -> Stage:
    """Clip to low..high: fused into the operator before it, or a table of its own."""
    stage = only_stage(context, node, stages)
    if not isinstance(stage, Pending):
        stage = requantize(label(node), quantized_input(context, node, stages))
    return stage.clip(low, high)


def _relu(context: Context, node: onnx.NodeProto, stages: Sequence[Stage | None]) -> Stage:
    return _bounded(context, node, stages, 0.0, np.inf)


def _clip(context: Context, node: onnx.NodeProto, stages: Sequence[Stage | None]) -> Stage:
    bounds = [-np.inf, np.inf]
    for index in (0, 1):
        if len(node.input) > index + 1 and node.input[index + 1]:
            bound = context.constant(node, index + 1, "its bound")
            value = bound.real()
            if value.size != 1 or np.isnan(value).any():
                raise context.fail(
                    node, f"its bound has shape {list(value.shape)}, not one number", "export again"
                )
            if bound.scale is None and bound.values.dtype != np.float32:
                raise context.fail(node, f"its bound is {bound.values.dtype}", "export again")
            bounds[index] = float(value.reshape(-1)[0])
    return _bounded(context, node, stages, *bounds)


def _of_one(
    context: Context, node: onnx.NodeProto, stages: Sequence[Stage | None], function: Function
) -> Stage:
    stage = only_stage(context, node, stages)
    return draft(label(node), quantized_input(context, node, [stage]), function)


def _sigmoid(context: Context, node: onnx.NodeProto, stages: Sequence[Stage | None]) -> Stage:
    def sigmoid(x: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        return (1.0 / (1.0 + np.exp(-x.astype(np.float64)))).astype(np.float32)

    return _of_one(context, node, stages, sigmoid)


def _tanh(context: Context, node: onnx.NodeProto, stages: Sequence[Stage | None]) -> Stage:
    def tanh(x: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        return np.tanh(x.astype(np.float64)).astype(np.float32)

    return _of_one(context, node, stages, tanh)


class LookupOperator(Operator):
    """A table of 256 bytes."""

    stem = "lookup"
    op_type = Lookup
    handlers = {  # noqa: RUF012
        "Clip": _clip,
        "Relu": _relu,
        "Sigmoid": _sigmoid,
        "Tanh": _tanh,
    }

    def reference(self, op: Lookup, *inputs: Array) -> Array:
        """y = table[x + 128]."""
        (values,) = inputs
        return op.table[values.astype(np.int16) + 128]


OPERATOR = LookupOperator()
