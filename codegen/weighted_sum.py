"""What fully connected layers and convolutions share: exact sums of weights times inputs.

y[o] = clamp(rint(float32(bias[o] + Σ w x̂) * multiplier[o]) + zero point), x̂ the input less its zero
point; docs/numerics.md, "Requantization".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Self

import numpy as np
import numpy.typing as npt
import onnx

from codegen.ir.graph import Op, Value
from codegen.ir.types import (
    Float32Array,
    Int8Array,
    Int32Array,
    Int64Array,
)
from codegen.reader.constants import Constant
from codegen.reader.context import QUANTIZE_ALL, Context
from codegen.reader.stages import Pending

# Sums of products and biases below it are exact in float64, which the reference computes with.
MAX_REACH = 2**52


@dataclass(frozen=True, eq=False)
class WeightedSum(Op):
    """An operation of weights per output channel, optionally with ReLU or Clip in the clamp.

    Attributes:
        weights: int8 [outputs, …], zero point 0.
        bias: int32 [outputs], scale input_scale * weight_scales[o]; int64 where a bias and its
            products can leave int32 together, as those of a nearly dead row do.
        weight_scales: float32 [outputs] (per tensor: repeated).
        relu: the output is clamped from below at its zero point.
        low, high: clamp of the output bytes from a Clip, -128 and 127 without one.
    """

    weights: Int8Array = field(repr=False)
    bias: Int32Array | Int64Array = field(repr=False)
    weight_scales: Float32Array = field(repr=False)
    relu: bool = False
    low: int = -128
    high: int = 127

    @property
    def rows(self) -> int:
        """Number of output channels."""
        return int(self.weights.shape[0])

    @property
    def detail(self) -> str:
        """What is fused into it."""
        return "ReLU" if self.relu else ""

    @property
    def content(self) -> tuple[bytes, ...]:
        """Weights, biases and scales, for the model's identity."""
        return (
            self.weights.tobytes(),
            self.bias.astype("<i8" if self.wide else "<i4").tobytes(),
            self.weight_scales.astype("<f4").tobytes(),
            bytes([self.relu, self.low & 0xFF, self.high & 0xFF]),
        )

    @cached_property
    def multipliers(self) -> Float32Array:
        """float32 [outputs]: (input_scale * weight_scale) / output_scale, each step in float32.

        Source: docs/numerics.md, "Requantization".
        """
        product = (np.float32(self.input.quantization.scale) * self.weight_scales).astype(
            np.float32
        )
        scaled: Float32Array = (product / np.float32(self.output.quantization.scale)).astype(
            np.float32
        )
        return scaled

    @property
    def clamp(self) -> tuple[int, int]:
        """Smallest and largest output byte: int8, or from the zero point up with ReLU."""
        zero_point = self.output.quantization.zero_point
        return (zero_point if self.relu else self.low), self.high

    @property
    def wide(self) -> bool:
        """Biases take 64 bits; the sums of products alone fit 32 always."""
        return self.bias.dtype == np.int64

    def requantize(self, sums: npt.NDArray[np.float64], axis: int) -> Int8Array:
        """Exact sums, biases included, channels along `axis` → int8 of the same shape."""
        shape = [1] * sums.ndim
        shape[axis] = self.rows
        with np.errstate(over="ignore"):
            scaled = np.rint(sums.astype(np.float32) * self.multipliers.reshape(shape))
        low, high = self.clamp
        zero_out = np.float32(self.output.quantization.zero_point)
        clamped = np.clip(scaled, low - zero_out, high - zero_out) + zero_out
        stored: Int8Array = clamped.astype(np.int8)
        return stored


@dataclass(frozen=True, eq=False, kw_only=True)
class WeightedDraft(Pending):
    """A weighted sum whose output quantization is not known yet.

    Attributes:
        weights: int8 [outputs, …].
        scales: float32 [outputs].
        make: makes the operation of name, inputs, outputs, weights, bias, weight_scales, relu, low
            and high.
        channel_axis: of the output; what is added along another one is no bias.
    """

    context: Context
    node: onnx.NodeProto
    source: Value
    weights: Int8Array
    scales: Float32Array
    make: Callable[..., WeightedSum]
    channel_axis: int = 1
    bias: Constant | None = None

    def finish(self, output: Value) -> Op:
        """The operation; proves that no sum can leave the accumulator that it asks for."""
        bias = self._narrowed(self._quantized_bias())
        # A ReLU is told apart from other clamps for the sake of the reports only.
        relu = (self.low, self.high) == (0.0, np.inf)
        low, high = (-128, 127) if relu else self.clamp(output.quantization)
        layer = self.make(
            name=self.name,
            inputs=(self.source,),
            outputs=(output,),
            weights=self.weights,
            bias=bias,
            weight_scales=self.scales,
            relu=relu,
            low=low,
            high=high,
        )
        with np.errstate(all="ignore"):
            usable = np.isfinite(layer.multipliers) & (layer.multipliers > 0)
        if not usable.all():
            raise self.context.fail(
                self.node,
                f"its scales give output {int(np.argmin(usable))} a multiplier outside float32",
                QUANTIZE_ALL,
            )
        return layer

    def takes_bias(self, node: onnx.NodeProto, index: int) -> bool:
        """Whether operand `index`, which an Add brings, is a bias for each output channel."""
        if self.bias is not None or self.clipped:
            return False
        shape = self.context.constant(node, index, "its bias").values.shape
        axis = self.channel_axis - len(self.shape)  # from the end, as broadcasting counts
        return all(
            size == 1 or position == axis
            for position, size in zip(range(-len(shape), 0), shape, strict=True)
        )

    def with_bias(self, node: onnx.NodeProto, index: int) -> Self:
        """The layer with operand `index` of `node` as its bias."""
        bias = self.context.constant(node, index, "its bias")
        outputs = self.weights.shape[0]
        if bias.values.size not in (1, outputs) or max(bias.values.shape, default=1) not in (
            1,
            outputs,
        ):
            raise self.context.fail(
                node,
                f"its bias has shape {list(bias.values.shape)}, not [{outputs}]",
                "export again",
            )
        if bias.scale is None and bias.values.dtype != np.float32:
            raise self.context.fail(
                node, f"its bias is {bias.values.dtype} without a scale", QUANTIZE_ALL
            )
        return replace(self, bias=bias)

    def _narrowed(self, bias: Int64Array) -> Int32Array | Int64Array:
        """The biases as int32, unless one and its row's products can leave int32 together.

        A row whose weights are nearly zero has a tiny scale, by which its bias is large:
        onnxruntime's quantizer lets it come up to 2^31.
        """
        # |q| <= 128 for the bytes and the zero point: 256 * Σ|w| bounds both forms of the sum.
        magnitudes = np.abs(self.weights.astype(np.int64)).reshape(len(self.weights), -1)
        products = 256 * magnitudes.sum(1)
        if int(products.max()) >= 2**31:
            row = int(products.argmax())
            raise self.context.fail(
                self.node,
                f"output {row} can overflow the 32-bit accumulator (reach {int(products.max()):,})",
                "use fewer inputs per layer",
            )
        fits = int((np.abs(bias) + products).max()) < 2**31
        return bias.astype(np.int32) if fits else bias

    def _quantized_bias(self) -> Int64Array:
        """int64 [outputs] at scale input_scale * weight_scale."""
        outputs = self.weights.shape[0]
        if self.bias is None:
            return np.zeros(outputs, np.int64)
        with np.errstate(over="ignore", under="ignore"):
            unit = np.float32(self.source.quantization.scale) * self.scales
        bias = self.bias
        if (
            bias.scale is not None
            and bias.zero_point is not None
            and not bias.zero_point.any()
            and np.array_equal(np.broadcast_to(bias.scale, unit.shape), unit)
        ):
            return np.broadcast_to(bias.values.reshape(-1), (outputs,)).astype(np.int64)
        real = np.broadcast_to(bias.real().reshape(-1), (outputs,)).astype(np.float64)
        with np.errstate(all="ignore"):
            rounded = np.rint(real / unit.astype(np.float64))
        fits = np.abs(rounded) < MAX_REACH - 2**31
        if not fits.all():
            raise self.context.fail(
                self.node,
                f"the bias of output {int(np.argmin(fits))} is beyond 2^52 steps of its scale",
                QUANTIZE_ALL,
            )
        return rounded.astype(np.int64)


def quantized_weights(context: Context, node: onnx.NodeProto, rank: int, what: str) -> Constant:
    """Operand 1: 8-bit weights with their scales.

    Raises:
        UserError: weights that vary, are not quantized, or have another rank.
    """
    constant = context.constant(node, 1, "its weights")
    if constant.scale is None or constant.zero_point is None:
        raise context.fail(
            node, f"its weights are {constant.values.dtype}, not quantized", QUANTIZE_ALL
        )
    if constant.values.ndim != rank:
        raise context.fail(
            node, f"its weights have rank {constant.values.ndim}, not {rank}", f"export {what}"
        )
    if constant.values.dtype not in (np.int8, np.uint8):
        raise context.fail(node, f"its weights are {constant.values.dtype}, not int8", QUANTIZE_ALL)
    if not constant.values.size:
        raise context.fail(node, "its weights are empty", "export the model again")
    context.claim(node, constant.values.size)
    return constant


def by_output(
    context: Context, node: onnx.NodeProto, constant: Constant, axis: int
) -> tuple[Int8Array, Float32Array]:
    """Weights whose axis `axis` holds the output channels → int8 of the same shape, float32
    [outputs] scales.

    Raises:
        UserError: scales along another axis, or a zero point that leaves int8.
    """
    assert constant.scale is not None and constant.zero_point is not None
    rank = constant.values.ndim
    outputs = int(constant.values.shape[axis])
    if constant.scale.size > 1 and constant.axis % rank != axis:
        raise context.fail(
            node,
            "its weights are quantized per input channel",
            "quantize per output channel or per tensor",
        )
    if constant.scale.size not in (1, outputs):
        raise context.fail(
            node, f"{constant.scale.size} scales for {outputs} outputs", "quantize again"
        )
    shape = [1] * rank
    shape[axis] = constant.zero_point.size
    # Unsigned weights have a zero point of 128, or 127: what counts is that the difference is int8.
    zeros = constant.zero_point.astype(np.int16).reshape(shape)
    shifted = constant.values.astype(np.int16) - zeros
    if shifted.min() < -128 or shifted.max() > 127:
        raise context.fail(
            node,
            "its weights have a zero point that leaves int8",
            "quantize weights symmetrically (WeightSymmetric=True)",
        )
    scales = np.broadcast_to(constant.scale, (outputs,)).astype(np.float32)
    return np.ascontiguousarray(shifted.astype(np.int8)), scales
