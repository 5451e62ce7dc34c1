"""What fully connected layers and convolutions share: exact sums of weights times inputs.

y[o] = clamp(rint(float32(bias[o] + 2^fraction Σ w x̂) * multiplier[o]) + zero point), x̂ the input
less its zero point; docs/numerics.md, "Requantization".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Self

import numpy as np
import numpy.typing as npt
import onnx

from codegen.fixed_bias import MAX_REACH, FixedBias, fixed_bias
from codegen.ir.graph import Op, Value
from codegen.ir.types import (
    Array,
    DType,
    Float32Array,
    Int8Array,
    Int32Array,
    Int64Array,
    TensorType,
    WeightArray,
)
from codegen.reader.constants import Constant
from codegen.reader.context import QUANTIZE_ALL, Context
from codegen.reader.stages import Pending

# Relative distance at which a bias's scale is still that of its accumulator: three roundings.
SAME_SCALE = 2.0**-22


@dataclass(frozen=True, eq=False)
class WeightedSum(Op):
    """An operation of weights per output channel, optionally with ReLU or Clip in the clamp.

    Attributes:
        weights: int8 [outputs, …], less their zero points; int16 where that leaves int8.
        bias: int32 [outputs], scale input_scale * weight_scales[o] * 2^-fraction; int64 where a
            bias and its products can leave int32 together, as those of a nearly dead row do.
        fraction: bits of the bias behind the point, 0 unless the model has it in float.
        weight_scales: float32 [outputs] (per tensor: repeated).
        relu: the output is clamped from below at its zero point.
        low, high: clamp of the output bytes from a Clip, -128 and 127 without one.
    """

    weights: WeightArray = field(repr=False)
    bias: Int32Array | Int64Array = field(repr=False)
    weight_scales: Float32Array = field(repr=False)
    relu: bool = False
    low: int = -128
    high: int = 127
    fraction: int = 0

    @property
    def rows(self) -> int:
        """Number of output channels."""
        return int(self.weights.shape[0])

    @property
    def activation(self) -> str:
        """A ReLU, which is told apart from other clamps."""
        return "ReLU" if self.relu else ""

    @property
    def detail(self) -> str:
        """What is fused into it."""
        return self.activation

    @property
    def content(self) -> tuple[bytes, ...]:
        """Weights, biases and scales, for the model's identity."""
        return (
            self.weights.astype(self.weights.dtype.newbyteorder("<")).tobytes(),
            self.bias.astype("<i8" if self.wide else "<i4").tobytes(),
            self.weight_scales.astype("<f4").tobytes(),
            bytes([self.relu, self.low & 0xFF, self.high & 0xFF]),
            *([bytes([self.fraction])] if self.fraction else []),
        )

    @cached_property
    def multipliers(self) -> Float32Array:
        """float32 [outputs]: (input_scale * weight_scale) / output_scale, each step in float32,
        times 2^-fraction.

        Source: docs/numerics.md, "Requantization".
        """
        steps = output_steps(self.input, self.weight_scales, self.output)
        scaled: Float32Array = steps * np.float32(2.0**-self.fraction)
        return scaled

    @cached_property
    def folded_bias(self) -> Int32Array | Int64Array:
        """int32 or int64 [outputs]: bias with the input's zero point folded in, so that
        acc = folded_bias + 2^fraction Σ w * q for the stored bytes q."""
        zero = self.input.quantization.zero_point
        rows = self.weights.astype(np.int64).reshape(self.rows, -1)
        folded: Int64Array = self.bias.astype(np.int64) - zero * (rows.sum(axis=1) << self.fraction)
        return folded if self.wide else folded.astype(np.int32)

    @property
    def plain(self) -> bool:
        """Sums of int32, of which a multiplier makes bytes."""
        return not (self.wide or self.real or self.fraction)

    @property
    def asymmetric(self) -> bool:
        """Weights less their zero points leave int8."""
        return self.weights.dtype == np.int16

    @property
    def clamp(self) -> tuple[int, int]:
        """Smallest and largest output byte: int8, or from the zero point up with ReLU."""
        if self.real:
            return self.low, self.high
        zero_point = self.output.quantization.zero_point
        return (zero_point if self.relu else self.low), self.high

    @property
    def wide(self) -> bool:
        """Biases take 64 bits; the sums of products alone fit 32 always."""
        return self.bias.dtype == np.int64

    @property
    def real(self) -> bool:
        """The output is float32: the sum times its multiplier."""
        return self.output.dtype is DType.FLOAT32

    def requantize(self, products: npt.NDArray[np.float64], axis: int) -> Array:
        """Exact sums of products, channels along `axis` → int8 or float32 of the same shape."""
        shape = [1] * products.ndim
        shape[axis] = self.rows
        # Exact: below MAX_REACH.
        sums = products * 2.0**self.fraction + self.bias.reshape(shape)
        with np.errstate(over="ignore"):
            result: Float32Array = sums.astype(np.float32) * self.multipliers.reshape(shape)
        if self.real:
            return result
        scaled = np.rint(result)
        low, high = self.clamp
        zero_out = np.float32(self.output.quantization.zero_point)
        clamped = np.clip(scaled, low - zero_out, high - zero_out) + zero_out
        stored: Int8Array = clamped.astype(np.int8)
        return stored


def output_steps(source: Value, weight_scales: Float32Array, output: Value) -> Float32Array:
    """float32 [outputs]: steps of the output in one step of the accumulator, or real numbers."""
    with np.errstate(all="ignore"):
        product = (np.float32(source.quantization.scale) * weight_scales).astype(np.float32)
        if output.type.quantization is None:
            return product
        steps: Float32Array = product / np.float32(output.quantization.scale)
    return steps


@dataclass(frozen=True, eq=False, kw_only=True)
class WeightedDraft(Pending):
    """A weighted sum whose output quantization is not known yet.

    Attributes:
        weights: int8 or int16 [outputs, …].
        scales: float32 [outputs].
        make: makes the operation of name, inputs, outputs, weights, bias, weight_scales, relu,
            low, high and fraction.
        channel_axis: of the output; what is added along another one is no bias.
    """

    context: Context
    node: onnx.NodeProto
    source: Value
    weights: WeightArray
    scales: Float32Array
    make: Callable[..., WeightedSum]
    channel_axis: int = 1
    bias: Constant | None = None

    def finish(self, output: Value) -> Op:
        """The operation; proves that no sum can leave the accumulator that it asks for."""
        steps = output_steps(self.source, self.scales, output)
        usable = np.isfinite(steps) & (steps > 0)
        if not usable.all():
            raise self.context.fail(
                self.node,
                f"its scales give output {int(np.argmin(usable))} a multiplier outside float32",
                QUANTIZE_ALL,
            )
        real = output.dtype is DType.FLOAT32
        bias = self._fixed_bias(None if real else steps)
        # A ReLU is told apart from other clamps for the sake of the reports only.
        relu = (self.low, self.high) == (0.0, np.inf)
        low, high = (-128, 127) if relu or real else self.clamp(output.quantization)
        return self.make(
            name=self.name,
            inputs=(self.source,),
            outputs=(output,),
            weights=self.weights,
            bias=bias.values,
            weight_scales=self.scales,
            relu=relu,
            low=low,
            high=high,
            fraction=bias.fraction,
        )

    def unquantized_output(self) -> Value | None:
        """float32, unless a ReLU or Clip is to be fused."""
        if self.clipped:
            return None
        return Value(self.node.output[0], TensorType(self.shape, None, DType.FLOAT32))

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

    def as_floats(self) -> Value:
        """The sums as float32 numbers, which a layer of its own writes."""
        value = Value(f"{self.name} sums", TensorType(self.shape, None, DType.FLOAT32))
        self.context.append(self.finish(value))
        return value

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

    def _fixed_bias(self, steps: Float32Array | None) -> FixedBias:
        """The biases in the accumulator's steps, which no sum leaves.

        Args:
            steps: output steps in one step of the accumulator, [outputs]; None: float32, of
                which a 256th of what the products can come to is taken as a step.
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
        real = self._bias_in_steps()
        fits = np.abs(real) < MAX_REACH - 2**31
        if not fits.all():
            raise self.context.fail(
                self.node,
                f"the bias of output {int(np.argmin(fits))} is beyond 2^52 steps of its scale",
                QUANTIZE_ALL,
            )
        if steps is None:
            return fixed_bias(real, products, 256.0 / np.maximum(products, 256))
        return fixed_bias(real, products, steps.astype(np.float64))

    def _bias_in_steps(self) -> npt.NDArray[np.float64]:
        """[outputs]: in steps of input_scale * weight_scale, whole or not.

        Integers whose scale is that but for a few roundings are taken as they are: some quantizers
        multiply in another order.
        """
        outputs = self.weights.shape[0]
        if self.bias is None:
            return np.zeros(outputs)
        with np.errstate(over="ignore", under="ignore"):
            unit = (np.float32(self.source.quantization.scale) * self.scales).astype(np.float64)
        bias = self.bias
        if bias.scale is not None and bias.zero_point is not None and not bias.zero_point.any():
            scale = np.broadcast_to(bias.scale.astype(np.float64), unit.shape)
            if (np.abs(scale - unit) <= SAME_SCALE * unit).all():
                return np.broadcast_to(bias.values.reshape(-1), (outputs,)).astype(np.float64)
        real = np.broadcast_to(bias.real().reshape(-1), (outputs,)).astype(np.float64)
        with np.errstate(all="ignore"):
            steps: npt.NDArray[np.float64] = real / unit
        return np.nan_to_num(steps, nan=np.inf)
