"""The mean under a window, or of a whole image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import onnx

from codegen.ir.graph import Op, Value
from codegen.ir.types import Array, Float32Array, Int8Array, Int64Array
from codegen.operator import Operator
from codegen.ops.max_pool import windows
from codegen.reader.context import (
    QUANTIZE_ALL,
    Context,
    integer,
    integers,
    label,
    only_stage,
    quantized_input,
)
from codegen.reader.stages import Pending, Stage
from codegen.window import Window, output_shape, read_window


@dataclass(frozen=True, eq=False)
class AveragePool(Op):
    """y = clamp(rint(float32(Σ (x - zero_point)) * multiplier(count)) + zero point).

    Attributes:
        padding_counts: cells of the padding are zeros that count; cells that only ceil_mode adds
            never do.
        low, high: clamp of the output bytes, from a fused ReLU or Clip.
    """

    window: Window
    padding_counts: bool = False
    low: int = -128
    high: int = 127

    @property
    def content(self) -> tuple[bytes, ...]:
        """Window and clamp, for the model's identity."""
        flags = bytes([self.padding_counts, self.low & 0xFF, self.high & 0xFF])
        return self.window.content, flags

    @property
    def detail(self) -> str:
        """The window."""
        return f"{self.window.kernel[0]}x{self.window.kernel[1]}"

    @cached_property
    def counts(self) -> Int64Array:
        """int64 [output height, output width]: cells that count."""
        axes = [self._counted(axis) for axis in (0, 1)]
        counted: Int64Array = np.outer(axes[0], axes[1])
        return counted

    def _counted(self, axis: int) -> Int64Array:
        window = self.window
        before, after = window.pads[axis], window.pads[axis + 2]
        starts = np.arange(window.output[axis]) * window.strides[axis] - before
        places = starts[:, None] + np.arange(window.kernel[axis]) * window.dilations[axis]
        low, high = 0, window.input[axis]
        if self.padding_counts:
            low, high = -before, high + after
        counted: Int64Array = ((places >= low) & (places < high)).sum(1)
        return counted

    def multipliers(self, counts: Int64Array) -> Float32Array:
        """float32 of the same shape: (input_scale / output_scale) / count, each step in float32."""
        ratio = np.float32(self.input.quantization.scale) / np.float32(
            self.output.quantization.scale
        )
        # A window without a cell has nothing to divide: its sum is 0.
        divided: Float32Array = ratio / np.maximum(counts, 1).astype(np.float32)
        return divided


@dataclass(frozen=True, eq=False, kw_only=True)
class _Draft(Pending):
    """A mean whose quantization is not known yet."""

    context: Context
    node: onnx.NodeProto
    source: Value
    window: Window
    padding_counts: bool

    def finish(self, output: Value) -> Op:
        """The operation."""
        low, high = self.clamp(output.quantization)
        op = AveragePool(
            self.name, (self.source,), (output,), self.window, self.padding_counts, low, high
        )
        with np.errstate(all="ignore"):
            usable = np.isfinite(op.multipliers(op.counts)) & (op.multipliers(op.counts) > 0)
        if not usable.all():
            raise self.context.fail(
                self.node, "its scales give a multiplier outside float32", QUANTIZE_ALL
            )
        return op


def average(
    context: Context,
    node: onnx.NodeProto,
    source: Value,
    kernel: Sequence[int],
    *,
    padding_counts: bool = False,
) -> Pending:
    """The mean of `source` under a window that the node describes."""
    window = read_window(context, node, source, kernel)
    if 255 * window.taps >= 2**31:
        raise context.fail(node, "its window is too large for 32 bits", "use smaller windows")
    return _Draft(
        name=label(node),
        shape=output_shape(source, source.shape[1], window.output),
        context=context,
        node=node,
        source=source,
        window=window,
        padding_counts=padding_counts,
    )


def _average(context: Context, node: onnx.NodeProto, stages: Sequence[Stage | None]) -> Stage:
    source = quantized_input(context, node, [only_stage(context, node, stages)])
    counts = integer(context, node, "count_include_pad", 0) != 0
    kernel = integers(context, node, "kernel_shape", ())
    return average(context, node, source, kernel, padding_counts=counts)


def _global(context: Context, node: onnx.NodeProto, stages: Sequence[Stage | None]) -> Stage:
    source = quantized_input(context, node, [only_stage(context, node, stages)])
    return average(context, node, source, source.shape[2:])


class AveragePoolOperator(Operator):
    """AveragePool and GlobalAveragePool."""

    stem = "average_pool"
    op_type = AveragePool
    handlers = {"AveragePool": _average, "GlobalAveragePool": _global}  # noqa: RUF012
    channels_last = True

    def reference(self, op: AveragePool, *inputs: Array) -> Array:
        """docs/numerics.md, "Average"."""
        (values,) = inputs
        zero = op.input.quantization.zero_point
        shifted = values.astype(np.int32) - zero
        sums = np.zeros((len(values), op.output.shape[1], *op.window.output), np.int32)
        for part in windows(shifted, op.window, 0):
            sums += part
        zero_out = np.float32(op.output.quantization.zero_point)
        with np.errstate(over="ignore"):
            scaled = np.rint(sums.astype(np.float32) * op.multipliers(op.counts))
        clamped = np.clip(scaled, op.low - zero_out, op.high - zero_out) + zero_out
        stored: Int8Array = clamped.astype(np.int8)
        return stored


OPERATOR = AveragePoolOperator()
