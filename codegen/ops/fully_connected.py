"""Fully connected layers: Gemm, or MatMul and Add, with an optional fused ReLU or Clip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import onnx

from codegen.ir.graph import Op, Value
from codegen.ir.types import Array, Float32Array, Int8Array, Int32Array, Int64Array
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

# Sums of products and biases below it are exact in float64, which the reference computes with.
MAX_REACH = 2**52


@dataclass(frozen=True, eq=False)
class FullyConnected(Op):
    """y = requantize(W (x - zero_point) + b), optionally with ReLU fused into the clamp.

    Attributes:
        weights: int8 [outputs, inputs], zero point 0.
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
    def columns(self) -> int:
        """Number of inputs of each output."""
        return int(self.weights.shape[1])

    @property
    def rows(self) -> int:
        """Number of outputs."""
        return int(self.weights.shape[0])

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one inference."""
        return self.columns * self.rows

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

    @cached_property
    def folded_bias(self) -> Int32Array | Int64Array:
        """int32 or int64 [outputs]: bias with the input's zero point folded in, so that
        acc = folded_bias + Σ w * q for the stored bytes q."""
        zero = self.input.quantization.zero_point
        sums = self.weights.astype(np.int64).sum(axis=1)
        folded: Int64Array = self.bias.astype(np.int64) - zero * sums
        return folded if self.wide else folded.astype(np.int32)


@dataclass(frozen=True, eq=False, kw_only=True)
class Draft(Pending):
    """A fully connected layer whose output quantization is not known yet."""

    context: Context
    node: onnx.NodeProto
    source: Value
    weights: Int8Array
    scales: Float32Array
    bias: Constant | None = None

    def finish(self, output: Value) -> Op:
        """The operation; proves that no sum can leave the accumulator that it asks for."""
        bias = self._narrowed(self._quantized_bias())
        # A ReLU is told apart from other clamps for the sake of the reports only.
        relu = (self.low, self.high) == (0.0, np.inf)
        low, high = (-128, 127) if relu else self.clamp(output.quantization)
        layer = FullyConnected(
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

    def _narrowed(self, bias: Int64Array) -> Int32Array | Int64Array:
        """The biases as int32, unless one and its row's products can leave int32 together.

        A row whose weights are nearly zero has a tiny scale, by which its bias is large:
        onnxruntime's quantizer lets it come up to 2^31.
        """
        # |q| <= 128 for the bytes and the zero point: 256 * Σ|w| bounds both forms of the sum.
        products = 256 * np.abs(self.weights.astype(np.int64)).sum(1)
        if int(products.max()) >= 2**31:
            row = int(products.argmax())
            raise self.context.fail(
                self.node,
                f"output {row} can overflow the 32-bit accumulator (reach {int(products.max()):,})",
                "use fewer inputs per layer",
            )
        fits = int((np.abs(bias) + products).max()) < 2**31
        return bias.astype(np.int32) if fits else bias

    def with_bias(self, node: onnx.NodeProto, index: int) -> Draft:
        """The layer with operand `index` of `node` as its bias."""
        bias = self.context.constant(node, index, "its bias")
        outputs = self.weights.shape[0]
        if bias.values.size not in (1, outputs) or (
            bias.values.ndim > 1 and bias.values.shape[-1] != bias.values.size
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


def _weights(
    context: Context, node: onnx.NodeProto, source: Value, transposed: bool
) -> tuple[Int8Array, Float32Array]:
    """Operand 1 as int8 [outputs, inputs] and float32 [outputs] scales."""
    constant = context.constant(node, 1, "its weights")
    if constant.scale is None or constant.zero_point is None:
        raise context.fail(
            node, f"its weights are {constant.values.dtype}, not quantized", QUANTIZE_ALL
        )
    if constant.values.ndim != 2:
        raise context.fail(
            node, f"its weights have rank {constant.values.ndim}, not 2", "export a matrix"
        )
    if constant.values.dtype not in (np.int8, np.uint8):
        raise context.fail(node, f"its weights are {constant.values.dtype}, not int8", QUANTIZE_ALL)
    matrix = constant if transposed else constant.transposed()
    assert matrix.scale is not None and matrix.zero_point is not None
    if matrix.scale.size > 1 and matrix.axis != 0:
        raise context.fail(
            node,
            "its weights are quantized per input channel",
            "quantize per output channel or per tensor",
        )
    outputs, inputs = matrix.values.shape
    if outputs == 0 or inputs == 0:
        raise context.fail(node, "its weights are empty", "export the model again")
    if source.shape != (1, inputs):
        raise context.fail(
            node,
            f"its input has shape {list(source.shape)}, its weights need [1, {inputs}]",
            "flatten the input before the layer",
        )
    context.claim(node, outputs * inputs)
    # Unsigned weights have a zero point of 128, or 127: what counts is that the difference is int8.
    shifted = matrix.values.astype(np.int16) - matrix.zero_point.astype(np.int16).reshape(-1, 1)
    if shifted.min() < -128 or shifted.max() > 127:
        raise context.fail(
            node,
            "its weights have a zero point that leaves int8",
            "quantize weights symmetrically (WeightSymmetric=True)",
        )
    scales = np.broadcast_to(matrix.scale, (outputs,)).astype(np.float32)
    return np.ascontiguousarray(shifted.astype(np.int8)), scales


def _draft(
    context: Context, node: onnx.NodeProto, stages: Sequence[Stage | None], transposed: bool
) -> Draft:
    source = quantized_input(context, node, [only_stage(context, node, stages)])
    weights, scales = _weights(context, node, source, transposed)
    return Draft(
        name=label(node),
        shape=(1, int(weights.shape[0])),
        context=context,
        node=node,
        source=source,
        weights=weights,
        scales=scales,
    )


def _gemm(context: Context, node: onnx.NodeProto, stages: Sequence[Stage | None]) -> Stage:
    one = (number(context, node, name, 1.0) == 1.0 for name in ("alpha", "beta"))
    if not all(one):
        raise context.fail(node, "alpha and beta must be 1", "export the model again")
    if integer(context, node, "transA", 0):
        raise context.fail(node, "transA is not supported", "export the model again")
    draft = _draft(context, node, stages, bool(integer(context, node, "transB", 0)))
    return draft.with_bias(node, 2) if len(node.input) > 2 and node.input[2] else draft


def _matmul(context: Context, node: onnx.NodeProto, stages: Sequence[Stage | None]) -> Stage:
    return _draft(context, node, stages, transposed=False)


class FullyConnectedOperator(Operator):
    """Gemm, or MatMul with or without Add, with ReLU or Clip in the clamp."""

    stem = "fully_connected"
    op_type = FullyConnected
    handlers = {"Gemm": _gemm, "MatMul": _matmul}  # noqa: RUF012

    def reference(self, op: FullyConnected, *inputs: Array) -> Array:
        """docs/numerics.md: int32 accumulation, float32 requantization, half to even."""
        (values,) = inputs
        zero = op.input.quantization.zero_point
        # float64 products and sums are exact: every partial sum is below MAX_REACH.
        shifted = values.astype(np.float64) - zero
        accumulators = shifted @ op.weights.T.astype(np.float64) + op.bias
        with np.errstate(over="ignore"):
            scaled = np.rint(accumulators.astype(np.float32) * op.multipliers)
        low, high = op.clamp
        zero_out = np.float32(op.output.quantization.zero_point)
        clamped = np.clip(scaled, low - zero_out, high - zero_out) + zero_out
        stored: Int8Array = clamped.astype(np.int8)
        return stored


OPERATOR = FullyConnectedOperator()

__all__ = ["OPERATOR", "Draft", "FullyConnected"]
