"""Resize of images with mode linear: exact integer sums of four neighbours, one multiplier."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import onnx

from codegen.ir.graph import Op, Value
from codegen.ir.types import Array, Int8Array
from codegen.operator import Operator
from codegen.ops.select import read_selection
from codegen.reader.context import QUANTIZE_ALL, Context, label, only_stage, quantized_input, text
from codegen.reader.interpolation import Neighbours, read_interpolation
from codegen.reader.stages import Pending, Stage


@dataclass(frozen=True, eq=False)
class Interpolate(Op):
    """y = requantize(the neighbours' sum, weighted by rows and columns).

    Attributes:
        rows, columns: the neighbours of each new one.
        low, high: clamp of the output bytes, from a fused ReLU or Clip.
    """

    rows: Neighbours = field(repr=False)
    columns: Neighbours = field(repr=False)
    low: int = -128
    high: int = 127

    @property
    def content(self) -> tuple[bytes, ...]:
        """Neighbours and clamp, for the model's identity."""
        clamp = bytes([self.low & 0xFF, self.high & 0xFF])
        return clamp, self.rows.content, self.columns.content

    @property
    def multiplier(self) -> np.float32:
        """(input scale / output scale) / (whole rows * whole columns), each step in float32."""
        whole = np.float32(self.rows.whole * self.columns.whole)
        scale = np.float32(self.input.quantization.scale)
        with np.errstate(all="ignore"):
            return np.float32(scale / np.float32(self.output.quantization.scale) / whole)


@dataclass(frozen=True, eq=False, kw_only=True)
class _Draft(Pending):
    """A resized image whose quantization is not known yet."""

    context: Context
    node: onnx.NodeProto
    source: Value
    rows: Neighbours
    columns: Neighbours

    def finish(self, output: Value) -> Op:
        """The operation."""
        low, high = self.clamp(output.quantization)
        ends = (self.source,), (output,)
        op = Interpolate(self.name, *ends, self.rows, self.columns, low, high)
        if not np.isfinite(op.multiplier) or op.multiplier <= 0:
            raise self.context.fail(
                self.node, "its scales give a multiplier outside float32", QUANTIZE_ALL
            )
        return op


def _resize(context: Context, node: onnx.NodeProto, stages: Sequence[Stage | None]) -> Stage:
    """Resize and Upsample: linear here, nearest a selection."""
    if text(context, node, "mode", "nearest") != "linear":
        return read_selection(context, node, stages)
    source = quantized_input(context, node, [only_stage(context, node, stages)])
    shape, rows, columns = read_interpolation(context, node, source.shape)
    return _Draft(
        name=label(node),
        shape=shape,
        context=context,
        node=node,
        source=source,
        rows=rows,
        columns=columns,
    )


class InterpolateOperator(Operator):
    """Bilinear, or linear of a signal."""

    stem = "interpolate"
    op_type = Interpolate
    limits = (
        "Linear of height and width; nearest along any axis behind the batch. Not cubic, "
        "no antialias."
    )
    handlers = {"Resize": _resize, "Upsample": _resize}  # noqa: RUF012
    channels_last = True

    def reference(self, op: Interpolate, *inputs: Array) -> Array:
        """docs/numerics.md, "Interpolation"."""
        shape = (len(inputs[0]), op.input.shape[1], op.rows.size, op.columns.size)
        sums = inputs[0].reshape(shape).astype(np.int64) - op.input.quantization.zero_point
        for axis, near in ((2, op.rows), (3, op.columns)):
            part = near.fraction.reshape((-1, 1) if axis == 2 else (-1,))
            sums = np.take(sums, near.first, axis) * (near.whole - part) + (
                np.take(sums, near.second, axis) * part
            )
        zero = np.float32(op.output.quantization.zero_point)
        with np.errstate(over="ignore"):
            scaled = np.rint(sums.astype(np.float32) * op.multiplier)
        stored: Int8Array = (np.clip(scaled, op.low - zero, op.high - zero) + zero).astype(np.int8)
        return stored


OPERATOR = InterpolateOperator()
