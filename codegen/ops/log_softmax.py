"""LogSoftmax along an axis, in integers: a table of exponentials and a binary logarithm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

import numpy as np
import numpy.typing as npt
import onnx

from codegen.ir.graph import Op, Value, tensor
from codegen.ir.types import Array, Int8Array, Quantization
from codegen.operator import Operator
from codegen.ops.float_softmax import EXPONENTIAL_BITS
from codegen.ops.softmax import MIN_SCALE, exponentials, read_axis
from codegen.reader.context import Context, label, only_stage, quantized_input
from codegen.reader.stages import Pending, Stage

MAX_SCALE = 2.0**10
# Fraction bits of the logarithm, of one step of it, and of distances; all in one sum of 2^44.
LOGARITHM_BITS, STEP_BITS, DISTANCE_BITS = 20, 24, 16
UNIT_BITS = LOGARITHM_BITS + STEP_BITS
_FARTHEST = 1 << 30


@dataclass(frozen=True, eq=False)
class LogSoftmax(Op):
    """y[i] = -round((max - x[i]) * scale + log Σe, in output steps) + zero_point along an axis.

    Attributes:
        axis: of the model's shape.
    """

    axis: int

    @property
    def content(self) -> tuple[bytes, ...]:
        """The axis, for the model's identity."""
        return (bytes([self.axis]),)

    @property
    def table(self) -> npt.NDArray[np.uint32]:
        """uint32 [256], `softmax.exponentials`."""
        return exponentials(float(self.input.quantization.scale))

    @property
    def distances(self) -> npt.NDArray[np.uint32]:
        """uint32 [256]: round(2^16 * d * input_scale / output_scale), at most 2^30, d = 0..255."""
        ratio = float(self.input.quantization.scale) / float(self.output.quantization.scale)
        steps = np.rint(np.arange(256) * ratio * 2.0**DISTANCE_BITS)
        limited: npt.NDArray[np.uint32] = np.minimum(steps, _FARTHEST).astype(np.uint32)
        return limited

    @property
    def step(self) -> int:
        """round(2^24 * log 2 / output_scale): output steps of one in the binary logarithm."""
        return round(log(2.0) * 2.0**STEP_BITS / float(self.output.quantization.scale))


@dataclass(frozen=True, eq=False, kw_only=True)
class LogSoftmaxDraft(Pending):
    """A LogSoftmax whose output quantization is not known yet."""

    context: Context
    node: onnx.NodeProto
    source: Value
    axis: int

    def finish(self, output: Value) -> Op:
        """The operation."""
        scale = float(output.quantization.scale)
        if self.clipped:
            raise self.context.fail(self.node, "a Relu or Clip follows it", "leave it out")
        if not MIN_SCALE <= scale <= MAX_SCALE:
            raise self.context.fail(
                self.node,
                f"output scale {scale:g} is outside {MIN_SCALE:g} to {MAX_SCALE:g}",
                "quantize it with a scale that fits logarithms, or leave it out",
            )
        return LogSoftmax(self.name, (self.source,), (output,), self.axis)

    def unquantized_output(self) -> Value:
        """A scale that holds all values that it can have: from 0 down."""
        deepest = 255 * float(self.source.quantization.scale) + log(self.shape[self.axis])
        scale = min(max(deepest / 255, MIN_SCALE), MAX_SCALE)
        return tensor(self.node.output[0], self.shape, Quantization(np.float32(scale), 127))


def _log_softmax(context: Context, node: onnx.NodeProto, stages: Sequence[Stage | None]) -> Stage:
    source = quantized_input(context, node, [only_stage(context, node, stages)])
    axis = read_axis(context, node, source)
    return LogSoftmaxDraft(
        name=label(node),
        shape=source.shape,
        context=context,
        node=node,
        source=source,
        axis=axis,
    )


def binary_logarithm(totals: npt.NDArray[np.int64]) -> npt.NDArray[np.uint64]:
    """log2(total / 2^20) with 20 fraction bits, rounded down; totals of 2^20 to 2^31.

    Squaring a number doubles its logarithm, whose next bit is whether that reaches 2.
    """
    found = np.floor(np.log2(totals.astype(np.float64))).astype(np.uint64)
    mantissa = totals.astype(np.uint64) << (np.uint64(31) - found)
    found -= np.uint64(EXPONENTIAL_BITS)
    for _ in range(LOGARITHM_BITS):
        mantissa = (mantissa * mantissa) >> np.uint64(31)
        bit = mantissa >> np.uint64(32)
        mantissa >>= bit
        found = (found << np.uint64(1)) | bit
    return found


class LogSoftmaxOperator(Operator):
    """Integers only, so that no two logarithms can differ."""

    stem = "log_softmax"
    op_type = LogSoftmax
    limits = "Along one axis of at most 2,048 elements; output scale 2^-11 to 2^10."
    handlers = {"LogSoftmax": _log_softmax}  # noqa: RUF012

    def reference(self, op: LogSoftmax, *inputs: Array) -> Array:
        """docs/numerics.md, "Softmax": round half up of the distance from 0, then downwards."""
        values = inputs[0].astype(np.int64)
        below = values.max(op.axis, keepdims=True) - values
        totals = op.table.astype(np.int64)[below].sum(op.axis, keepdims=True)
        logarithms = binary_logarithm(totals).astype(np.int64) * op.step
        sums = (op.distances.astype(np.int64)[below] << (UNIT_BITS - DISTANCE_BITS)) + logarithms
        rounded = (sums + (1 << (UNIT_BITS - 1))) >> UNIT_BITS
        stored: Int8Array = np.maximum(op.output.quantization.zero_point - rounded, -128).astype(
            np.int8
        )
        return stored


OPERATOR = LogSoftmaxOperator()
