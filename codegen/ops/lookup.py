"""Element-wise functions of one int8 tensor, as a table of 256 bytes made offline.

Covers every function of one number that stands between quantized tensors (`codegen/functions.py`),
several of them in a row, and a change of scale.
A ReLU or Clip right after another operator costs nothing: it becomes that operator's clamp.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import onnx

from codegen.functions import NAMES, Function, Numbers, function_of
from codegen.ir.graph import Op, Value, tensor
from codegen.ir.types import Array, Int8Array, Quantization
from codegen.operator import Operator
from codegen.reader.context import (
    Context,
    integer,
    integers,
    label,
    number,
    only_stage,
    quantized_input,
)
from codegen.reader.stages import Integers, Pending, Quantized, Stage


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

    NaN becomes the byte of real 0. Source: ONNX operator specification, DequantizeLinear and
    QuantizeLinear.
    """
    real = source.quantization.dequantize(np.arange(-128, 128))
    with np.errstate(all="ignore"):
        result = function(real.astype(np.float64)).astype(np.float32)
        return target.quantization.quantize(np.where(np.isnan(result), np.float32(0), result))


@dataclass(frozen=True, eq=False, kw_only=True)
class Draft(Pending):
    """A function whose output quantization is not known yet."""

    source: Value
    function: Function

    def bounded(self, x: Numbers) -> Numbers:
        """float32: the function with its bounds."""
        return np.clip(self.function(x).astype(np.float32), self.low, self.high)

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
    stage = only_stage(context, node, stages)
    if isinstance(stage, Integers):
        return _clip_integers(context, node, stage)
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


def _clip_integers(context: Context, node: onnx.NodeProto, stage: Integers) -> Stage:
    """Clip between Q and DQ, as brevitas writes narrow ranges: a table of the bytes themselves."""
    info = np.iinfo(stage.dtype)
    bounds = [int(info.min), int(info.max)]
    for index in (0, 1):
        if len(node.input) > index + 1 and node.input[index + 1]:
            bound = context.plain(node, index + 1, "its bound")
            if bound.size != 1 or bound.dtype != stage.dtype:
                raise context.fail(
                    node, f"its bound is {bound.dtype} {list(bound.shape)}", "export again"
                )
            bounds[index] = int(bound.reshape(-1)[0])
    if stage.value is None:
        raise context.fail(node, "clips an input before it has a scale", "clip the values")
    shift = 128 if stage.dtype == np.uint8 else 0
    table = np.arange(-128, 128)
    clipped = np.minimum(np.maximum(table, bounds[0] - shift), bounds[1] - shift).astype(np.int8)
    if (clipped == table).all():
        return stage
    target = Value(node.output[0], stage.value.type)
    emitted = context.emit(Lookup(label(node), (stage.value,), (target,), clipped))
    return replace(stage, value=emitted.value)


def draft_of(stage: Stage | None) -> Draft | None:
    """The stage as a function of one quantized value, if it is one."""
    if isinstance(stage, Quantized):
        return Draft(
            name=stage.value.name, shape=stage.shape, source=stage.value, function=lambda x: x
        )
    return stage if isinstance(stage, Draft) else None


def _function(context: Context, node: onnx.NodeProto, stages: Sequence[Stage | None]) -> Stage:
    stage = only_stage(context, node, stages)
    function = function_of(context, node)
    inner = draft_of(stage)
    if inner is None:
        return draft(label(node), quantized_input(context, node, [stage]), function)
    return draft(label(node), inner.source, lambda x: function(inner.bounded(x).astype(np.float64)))


def _table(context: Context, node: onnx.NodeProto, stages: Sequence[Stage | None]) -> Stage:
    """A table that a reader of another format has made: bytes, scale and zero point of its output.

    Raises:
        UserError: attributes that make none.
    """
    source = quantized_input(context, node, [only_stage(context, node, stages)])
    values = integers(context, node, "table", ())
    scale, zero = number(context, node, "scale", 0.0), integer(context, node, "zero_point", 0)
    if len(values) != 256 or not scale > 0 or not all(-128 <= v <= 127 for v in (*values, zero)):
        raise context.fail(node, "holds no table of 256 bytes", "export the model again")
    output = tensor(node.output[0], source.shape, Quantization(np.float32(scale), zero))
    return context.emit(Lookup(label(node), (source,), (output,), np.array(values, np.int8)))


class LookupOperator(Operator):
    """A table of 256 bytes."""

    stem = "lookup"
    op_type = Lookup
    handlers = {  # noqa: RUF012
        "Clip": _clip,
        "Relu": _relu,
        "Table": _table,
        **dict.fromkeys(NAMES, _function),
    }

    def reference(self, op: Lookup, *inputs: Array) -> Array:
        """y = table[x + 128]."""
        (values,) = inputs
        return op.table[values.astype(np.int16) + 128]


OPERATOR = LookupOperator()
