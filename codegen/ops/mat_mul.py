"""MatMul of two values that both vary: exact integer sums of products of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx

from codegen.ir.graph import Op, Value
from codegen.ir.types import Array, Float32Array, Int8Array
from codegen.operator import Operator
from codegen.reader.context import QUANTIZE_ALL, Context, label, quantized_input
from codegen.reader.stages import Pending, Stage

# |x - zero point| <= 255 on both sides: sums of so many products stay in int32.
MAX_INNER = (2**31 - 1) // 255**2


@dataclass(frozen=True, eq=False)
class MatMul(Op):
    """y = requantize((a - zero_point) @ (b - zero_point)), batches broadcast.

    Attributes:
        low, high: clamp of the output bytes, from a fused ReLU or Clip.
    """

    low: int = -128
    high: int = 127

    @property
    def inner(self) -> int:
        """Products of each sum."""
        return self.inputs[0].shape[-1]

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one inference."""
        return self.output.size * self.inner

    @property
    def content(self) -> tuple[bytes, ...]:
        """The clamp, for the model's identity."""
        return (bytes([self.low & 0xFF, self.high & 0xFF]),)

    @property
    def multiplier(self) -> np.float32:
        """(first scale * second scale) / output scale, each step in float32."""
        first, second = (np.float32(value.quantization.scale) for value in self.inputs)
        with np.errstate(all="ignore"):
            return np.float32(first * second / np.float32(self.output.quantization.scale))


@dataclass(frozen=True, eq=False, kw_only=True)
class _Draft(Pending):
    """A product whose quantization is not known yet."""

    context: Context
    node: onnx.NodeProto
    sources: tuple[Value, Value]

    def finish(self, output: Value) -> Op:
        """The operation."""
        op = MatMul(self.name, self.sources, (output,), *self.clamp(output.quantization))
        if not np.isfinite(op.multiplier) or op.multiplier <= 0:
            raise self.context.fail(
                self.node, "its scales give a multiplier outside float32", QUANTIZE_ALL
            )
        return op


def product(context: Context, node: onnx.NodeProto, stages: Sequence[Stage | None]) -> Stage:
    """A MatMul neither of whose operands is a constant.

    Raises:
        UserError: shapes that cannot be multiplied, or sums that can leave int32.
    """
    first, second = (quantized_input(context, node, stages, index) for index in (0, 1))
    left, right = first.shape, second.shape
    try:
        batch = np.broadcast_shapes(left[:-2], right[:-2])
    except ValueError:
        batch = ()
    shape = (*(int(size) for size in batch), *left[-2:-1], right[-1])
    fits = all(2 <= len(each) <= 4 for each in (left, right)) and left[-1] == right[-2]
    if not fits or len(shape) != max(len(left), len(right)) or shape[0] != 1:
        raise context.fail(
            node,
            f"cannot multiply shapes {list(left)} and {list(right)}",
            "give it matrices of rank 2 to 4 that fit, with batch 1",
        )
    if left[-1] > MAX_INNER:
        raise context.fail(
            node, f"sums of {left[-1]} products can leave 32 bits", "use smaller matrices"
        )
    return _Draft(
        name=label(node), shape=shape, context=context, node=node, sources=(first, second)
    )


def batched(op: MatMul, value: Value, rows: Array) -> Array:
    """[N, *shape[1:]] → float64 [N, *shape] less the zero point, of the output's rank."""
    missing = len(op.output.shape) - len(value.shape)
    shaped = rows.reshape(len(rows), *(1,) * missing, *value.shape)
    shifted: Array = shaped.astype(np.float64) - value.quantization.zero_point
    return shifted


class MatMulOperator(Operator):
    """A matrix product of two values; `fully_connected` reads the node and those of constants."""

    stem = "mat_mul"
    op_type = MatMul
    limits = "Of two values of rank 2 to 4 that both vary; sums of at most 33,025 products."
    handlers = {}  # noqa: RUF012
    read_elsewhere = ("MatMul",)
    channels_last = False

    def reference(self, op: MatMul, *inputs: Array) -> Array:
        """docs/numerics.md, "Fully connected": one multiplier for all."""
        first, second = (
            batched(op, value, rows) for value, rows in zip(op.inputs, inputs, strict=True)
        )
        sums: Float32Array = np.matmul(first, second).astype(np.float32)
        zero = np.float32(op.output.quantization.zero_point)
        with np.errstate(over="ignore"):
            scaled = np.rint(sums * op.multiplier)
        stored: Int8Array = (np.clip(scaled, op.low - zero, op.high - zero) + zero).astype(np.int8)
        return stored


OPERATOR = MatMulOperator()
