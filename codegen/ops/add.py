"""Add of a constant: the bias right after a MatMul, or a step of its own between quantized values.

onnxruntime's quantizer leaves a dense layer exported as MatMul and Add in two quantized steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import onnx

from codegen.ir.graph import Op, Value
from codegen.ir.types import Array, Float32Array
from codegen.operator import Operator
from codegen.ops import elementwise, fully_connected
from codegen.reader.context import Context, label, quantized_input
from codegen.reader.stages import Pending, Stage


@dataclass(frozen=True, eq=False)
class AddConstant(Op):
    """y = quantize(dequantize(x) + addend), each step in float32 as ONNX has it.

    Attributes:
        addend: float32 [size].
        low, high: clamp of the output bytes, from a fused ReLU or Clip.
    """

    addend: Float32Array = field(repr=False)
    low: int = -128
    high: int = 127

    @property
    def content(self) -> tuple[bytes, ...]:
        """The constant and the clamp, for the model's identity."""
        return self.addend.astype("<f4").tobytes(), bytes([self.low & 0xFF, self.high & 0xFF])


@dataclass(frozen=True, eq=False, kw_only=True)
class _Draft(Pending):
    """A sum whose output quantization is not known yet."""

    source: Value
    addend: Float32Array

    def finish(self, output: Value) -> Op:
        """The operation."""
        low, high = self.clamp(output.quantization)
        return AddConstant(self.name, (self.source,), (output,), self.addend, low, high)


def _add(context: Context, node: onnx.NodeProto, stages: Sequence[Stage | None]) -> Stage:
    if not context.is_constant(node, 0) and not context.is_constant(node, 1):
        return elementwise.read(context, node, stages, "add")
    index = 0 if context.is_constant(node, 0) else 1
    stage = stages[1 - index]
    if isinstance(stage, fully_connected.Draft) and stage.bias is None and not stage.clipped:
        return stage.with_bias(node, index)
    source = quantized_input(context, node, stages, 1 - index)
    addend = context.constant(node, index, "its operand")
    if addend.scale is None and addend.values.dtype != np.float32:
        raise context.fail(node, f"adds {addend.values.dtype} to a float value", "export again")
    real = addend.real()
    if not np.isfinite(real).all():
        raise context.fail(node, "adds values that are not finite", "train the model again")
    if real.ndim > len(source.shape) or any(
        size not in (1, given)
        for size, given in zip(real.shape[::-1], source.shape[::-1], strict=False)
    ):
        raise context.fail(
            node,
            f"adds shape {list(real.shape)} to shape {list(source.shape)}",
            "add a constant of the same shape",
        )
    context.claim(node, source.size)
    full = np.broadcast_to(real, source.shape).reshape(-1).copy()
    return _Draft(name=label(node), shape=source.shape, source=source, addend=full)


class AddOperator(Operator):
    """Element-wise, in float32: one multiplication, one addition, one division."""

    stem = "add"
    op_type = AddConstant
    handlers = {"Add": _add}  # noqa: RUF012
    channels_last = False

    def reference(self, op: AddConstant, *inputs: Array) -> Array:
        """docs/numerics.md, "Add"."""
        (values,) = inputs
        addend = op.addend.reshape(op.input.shape)
        with np.errstate(over="ignore"):
            real = op.input.quantization.dequantize(values) + addend
            return np.clip(op.output.quantization.quantize(real), op.low, op.high)


OPERATOR = AddOperator()
