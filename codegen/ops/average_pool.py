"""The mean under a window, or of a whole image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
import onnx

from codegen.ir.graph import Op, Value
from codegen.ir.types import Array, Float32Array, Int8Array, Int64Array
from codegen.operator import Operator
from codegen.ops.max_pool import windows
from codegen.ops.reshape import with_shape
from codegen.reader.context import (
    QUANTIZE_ALL,
    Context,
    integer,
    integers,
    label,
    only_stage,
    quantized_input,
)
from codegen.reader.reduction import as_image, read_reduction
from codegen.reader.stages import Pending, Quantized, Stage
from codegen.window import Window, output_shape, read_whole, read_window


@dataclass(frozen=True, eq=False)
class AveragePool(Op):
    """y = clamp(rint(float32(Σ (x - zero_point)) * multiplier(count)) + zero point).

    Attributes:
        padding_counts: cells of the padding are zeros that count; cells that only ceil_mode adds
            never do.
        total: the sum, not the mean.
        low, high: clamp of the output bytes, from a fused ReLU or Clip.
    """

    window: Window
    padding_counts: bool = False
    total: bool = False
    low: int = -128
    high: int = 127

    @property
    def content(self) -> tuple[bytes, ...]:
        """Window and clamp, for the model's identity."""
        flags = bytes([self.padding_counts, self.total, self.low & 0xFF, self.high & 0xFF])
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
        """float32 of the same shape: (input_scale / output_scale) / count, each step in float32;
        of sums, not divided."""
        ratio = np.float32(self.input.quantization.scale) / np.float32(
            self.output.quantization.scale
        )
        # A window without a cell has nothing to divide: its sum is 0.
        cells = np.ones_like(counts) if self.total else np.maximum(counts, 1)
        divided: Float32Array = ratio / cells.astype(np.float32)
        return divided


@dataclass(frozen=True, eq=False, kw_only=True)
class _Draft(Pending):
    """A mean whose quantization is not known yet."""

    context: Context
    node: onnx.NodeProto
    source: Value
    window: Window
    padding_counts: bool
    total: bool

    def finish(self, output: Value) -> Op:
        """The operation."""
        low, high = self.clamp(output.quantization)
        op = AveragePool(
            name=self.name,
            inputs=(self.source,),
            outputs=(output,),
            window=self.window,
            padding_counts=self.padding_counts,
            total=self.total,
            low=low,
            high=high,
        )
        with np.errstate(all="ignore"):
            usable = np.isfinite(op.multipliers(op.counts)) & (op.multipliers(op.counts) > 0)
        if not usable.all():
            raise self.context.fail(
                self.node, "its scales give a multiplier outside float32", QUANTIZE_ALL
            )
        return op


def _draft(
    context: Context,
    node: onnx.NodeProto,
    source: Value,
    window: Window,
    *,
    padding_counts: bool = False,
    total: bool = False,
) -> Pending:
    if 255 * window.taps >= 2**31:
        raise context.fail(node, "its window is too large for 32 bits", "use smaller windows")
    return _Draft(
        name=label(node),
        shape=output_shape(source.shape, window.output),
        context=context,
        node=node,
        source=source,
        window=window,
        padding_counts=padding_counts,
        total=total,
    )


def _average(context: Context, node: onnx.NodeProto, stages: Sequence[Stage | None]) -> Stage:
    source = quantized_input(context, node, [only_stage(context, node, stages)])
    counts = integer(context, node, "count_include_pad", 0) != 0
    kernel = integers(context, node, "kernel_shape", ())
    window = read_window(context, node, source.shape, kernel)
    return _draft(context, node, source, window, padding_counts=counts)


def _global(context: Context, node: onnx.NodeProto, stages: Sequence[Stage | None]) -> Stage:
    source = quantized_input(context, node, [only_stage(context, node, stages)])
    return _draft(context, node, source, read_whole(context, node, source.shape))


def _reduce(
    context: Context, node: onnx.NodeProto, stages: Sequence[Stage | None], total: bool
) -> Stage:
    source = quantized_input(context, node, [only_stage(context, node, stages)])
    asked = read_reduction(context, node, source.shape)
    if not asked.reduced:
        return stages[0] or Quantized(source)
    image = as_image(context, node, source, asked)
    window = read_whole(context, node, image.shape)
    return with_shape(
        context, node, _draft(context, node, image, window, total=total), asked.result
    )


class AveragePoolOperator(Operator):
    """AveragePool, GlobalAveragePool, ReduceMean and ReduceSum."""

    stem = "average_pool"
    op_type = AveragePool
    limits = "Of rank 3 and 4, but reductions of any rank, over constant axes behind the batch."
    handlers = {  # noqa: RUF012
        "AveragePool": _average,
        "GlobalAveragePool": _global,
        "ReduceMean": partial(_reduce, total=False),
        "ReduceSum": partial(_reduce, total=True),
    }
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
