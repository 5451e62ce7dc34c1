"""BatchNormalization: a factor and an offset for each channel, folded into the layer before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import onnx

from codegen.ir.graph import Op, Value
from codegen.ir.types import Array, Float32Array
from codegen.operator import Operator
from codegen.reader.constants import Constant
from codegen.reader.context import (
    QUANTIZE_ALL,
    Context,
    integer,
    label,
    number,
    only_stage,
    quantized_input,
)
from codegen.reader.stages import Pending, Stage
from codegen.weighted_sum import WeightedDraft


@dataclass(frozen=True, eq=False)
class Affine(Op):
    """y = quantize(dequantize(x) * factors[c] + offsets[c]), each step in float32.

    Attributes:
        factors, offsets: float32 [channels]; channels are axis 1.
        low, high: clamp of the output bytes, from a fused ReLU or Clip.
    """

    factors: Float32Array = field(repr=False)
    offsets: Float32Array = field(repr=False)
    low: int = -128
    high: int = 127

    @property
    def content(self) -> tuple[bytes, ...]:
        """Factors, offsets and the clamp, for the model's identity."""
        clamp = bytes([self.low & 0xFF, self.high & 0xFF])
        return clamp, self.factors.astype("<f4").tobytes(), self.offsets.astype("<f4").tobytes()


@dataclass(frozen=True, eq=False, kw_only=True)
class _Draft(Pending):
    """A normalization whose output quantization is not known yet."""

    source: Value
    factors: Float32Array
    offsets: Float32Array

    def finish(self, output: Value) -> Op:
        """The operation."""
        low, high = self.clamp(output.quantization)
        return Affine(self.name, (self.source,), (output,), self.factors, self.offsets, low, high)


def _normalization(
    context: Context, node: onnx.NodeProto, channels: int
) -> tuple[Float32Array, Float32Array]:
    """float32 [channels] factors and offsets, each step in float32.

    Raises:
        UserError: operands of another size, or that give no finite numbers.
    """
    operands = []
    for index, what in enumerate(("its scale", "its bias", "its mean", "its variance"), 1):
        values = context.constant(node, index, what).real()
        if values.shape != (channels,):
            raise context.fail(
                node, f"{what} has shape {list(values.shape)}, not [{channels}]", "export again"
            )
        operands.append(values)
    scale, bias, mean, variance = operands
    epsilon = np.float32(number(context, node, "epsilon", 1e-5))
    with np.errstate(all="ignore"):
        factors = (scale / np.sqrt(variance + epsilon)).astype(np.float32)
        offsets = (bias - mean * factors).astype(np.float32)
    if not np.isfinite(factors).all() or not np.isfinite(offsets).all():
        raise context.fail(node, "it divides by zero, or is not finite", "train the model again")
    return factors, offsets


def _read(context: Context, node: onnx.NodeProto, stages: Sequence[Stage | None]) -> Stage:
    stage = only_stage(context, node, stages)
    if integer(context, node, "training_mode", 0):
        raise context.fail(node, "is in training mode", "export the model for inference")
    if len(stage.shape) < 2:
        raise context.fail(node, f"of shape {list(stage.shape)}", "give it channels")
    factors, offsets = _normalization(context, node, stage.shape[1])
    if isinstance(stage, WeightedDraft) and stage.channel_axis == 1 and not stage.clipped:
        return _folded(context, node, stage, factors, offsets)
    source = quantized_input(context, node, [stage])
    with np.errstate(all="ignore"):
        reach = 255 * np.float32(source.quantization.scale) * np.abs(factors) + np.abs(offsets)
    if not np.isfinite(reach).all():
        raise context.fail(node, "its scales leave float32", QUANTIZE_ALL)
    return _Draft(
        name=label(node), shape=source.shape, source=source, factors=factors, offsets=offsets
    )


def _folded(
    context: Context,
    node: onnx.NodeProto,
    layer: WeightedDraft,
    factors: Float32Array,
    offsets: Float32Array,
) -> WeightedDraft:
    """The layer with its rows scaled: the integers stay, but for the sign.

    Raises:
        UserError: scales that leave float32.
    """
    rows = factors.reshape(-1, *(1,) * (layer.weights.ndim - 1))
    signed = layer.weights.astype(np.int16) * np.sign(rows).astype(np.int16)
    narrow = signed.min() >= -128 and signed.max() <= 127
    # A factor of 0 leaves a row of zeros, whose scale only its bias has.
    scales = np.where(factors == 0, layer.scales, layer.scales * np.abs(factors))
    before = np.float32(0) if layer.bias is None else layer.bias.real().reshape(-1)
    bias = (before * factors + offsets).astype(np.float32)
    if not np.isfinite(scales).all() or not np.isfinite(bias).all():
        raise context.fail(node, "its scales leave float32", QUANTIZE_ALL)
    return replace(
        layer,
        weights=signed.astype(np.int8) if narrow else signed,
        scales=scales.astype(np.float32),
        bias=Constant(bias),
    )


class AffineOperator(Operator):
    """A factor and an offset for each channel."""

    stem = "affine"
    op_type = Affine
    limits = (
        "Constant operands of one number for each channel; not in training mode. Right "
        "behind a layer of weights it becomes part of that layer."
    )
    handlers = {"BatchNormalization": _read}  # noqa: RUF012

    def reference(self, op: Affine, *inputs: Array) -> Array:
        """docs/numerics.md, "Two values"."""
        (values,) = inputs
        shape = (1, -1, *(1,) * (values.ndim - 2))
        real = op.input.quantization.dequantize(values)
        with np.errstate(over="ignore"):
            result = real * op.factors.reshape(shape) + op.offsets.reshape(shape)
            return np.clip(op.output.quantization.quantize(result), op.low, op.high)


OPERATOR = AffineOperator()
