"""Fully connected layers: Gemm, or MatMul and Add, with an optional fused ReLU."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import onnx

from codegen.graph import Float32Array, Int8Array, Int32Array, Node, Tensor
from codegen.operator import Constants, LayerPlan, Operator
from codegen.reader.constants import Constant
from codegen.reader.walk import Pending, Quantized, Stage, Walk, attribute, label

_QUANTIZED = "quantize the whole network with onnxruntime's quantize_static, format QDQ"


@dataclass(frozen=True)
class FullyConnected(Node):
    """y = requantize(W (x - zero_point) + b), optionally with ReLU fused into the clamp.

    Attributes:
        weights: int8 [outputs, inputs], zero point 0.
        bias: int32 [outputs], scale input_scale * weight_scales[o].
        weight_scales: float32 [outputs] (per tensor: repeated).
        relu: the output is clamped from below at its zero point.
    """

    weights: Int8Array = field(repr=False)
    bias: Int32Array = field(repr=False)
    weight_scales: Float32Array = field(repr=False)
    relu: bool = False

    @property
    def inputs(self) -> int:
        """Number of inputs of each output."""
        return int(self.weights.shape[1])

    @property
    def outputs(self) -> int:
        """Number of outputs."""
        return int(self.weights.shape[0])

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one inference."""
        return self.inputs * self.outputs

    @property
    def content(self) -> tuple[bytes, ...]:
        """Weights, biases and scales, for the model's identity."""
        return (
            self.weights.tobytes(),
            self.bias.astype("<i4").tobytes(),
            self.weight_scales.astype("<f4").tobytes(),
            bytes([self.relu]),
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
        low = max(-128, self.output.quantization.zero_point) if self.relu else -128
        return low, 127

    @cached_property
    def folded_bias(self) -> Int32Array:
        """int32 [outputs]: bias with the input's zero point folded in, so that
        acc = folded_bias + Σ w * q for the stored bytes q."""
        zero = self.input.quantization.zero_point
        sums = self.weights.astype(np.int64).sum(axis=1)
        folded: Int32Array = (self.bias.astype(np.int64) - zero * sums).astype(np.int32)
        return folded


@dataclass
class _Draft(Pending):
    """A fully connected layer whose output quantization is not known yet."""

    walk: Walk
    onnx_node: onnx.NodeProto
    source: Tensor
    weights: Int8Array
    scales: Float32Array
    bias: Constant | None = None
    relu: bool = False

    def __post_init__(self) -> None:
        self.name = label(self.onnx_node)
        self.shape = (1, int(self.weights.shape[0]))

    def finish(self, output: Tensor) -> Node:
        """The typed node; proves that no accumulator can leave int32."""
        bias = self._quantized_bias()
        layer = FullyConnected(
            self.name, self.source, output, self.weights, bias, self.scales, self.relu
        )
        if not np.isfinite(layer.multipliers).all() or not (layer.multipliers > 0).all():
            raise self.walk.fail(
                self.onnx_node, "its scales give a multiplier outside float32", _QUANTIZED
            )
        # |q| <= 128 for the bytes and the zero point: 256 * Σ|w| bounds both forms of the sum.
        reach = np.abs(bias.astype(np.int64)) + 256 * np.abs(self.weights.astype(np.int64)).sum(1)
        if int(reach.max()) >= 2**31:
            row = int(reach.argmax())
            raise self.walk.fail(
                self.onnx_node,
                f"output {row} can overflow the 32-bit accumulator (reach {int(reach.max()):,})",
                "use fewer inputs per layer, or a bias that its scale can express",
            )
        return layer

    def _quantized_bias(self) -> Int32Array:
        outputs = self.weights.shape[0]
        if self.bias is None:
            return np.zeros(outputs, np.int32)
        values = self.bias.values
        unit = (np.float32(self.source.quantization.scale) * self.scales).astype(np.float32)
        if self.bias.scale is not None:
            if self.bias.zero_point is not None and np.any(self.bias.zero_point != 0):
                raise self.walk.fail(self.onnx_node, "its bias has a zero point", _QUANTIZED)
            if np.array_equal(np.broadcast_to(self.bias.scale, unit.shape), unit):
                return np.broadcast_to(values.reshape(-1), (outputs,)).astype(np.int32)
            real = values.reshape(-1).astype(np.float64) * self.bias.scale.astype(np.float64)
        else:
            real = values.reshape(-1).astype(np.float64)
        if not np.isfinite(real).all():
            raise self.walk.fail(self.onnx_node, "its bias is not finite", "train the model again")
        rounded = np.rint(np.broadcast_to(real, (outputs,)) / unit.astype(np.float64))
        if np.abs(rounded).max(initial=0.0) >= 2**31:
            raise self.walk.fail(
                self.onnx_node, "its bias does not fit int32 at its scale", _QUANTIZED
            )
        return rounded.astype(np.int32)


def _source(walk: Walk, node: onnx.NodeProto, stage: Stage) -> Tensor:
    if not isinstance(stage, Quantized):
        raise walk.fail(
            node, "its input is not quantized (no QuantizeLinear/DequantizeLinear pair)", _QUANTIZED
        )
    return stage.tensor


def _weights(
    walk: Walk, node: onnx.NodeProto, source: Tensor, transposed: bool
) -> tuple[Int8Array, Float32Array]:
    """Operand 1 as int8 [outputs, inputs] and float32 [outputs] scales."""
    constant = walk.constant(node, 1, "its weights")
    if constant.scale is None or constant.zero_point is None:
        raise walk.fail(node, f"its weights are {constant.values.dtype}, not quantized", _QUANTIZED)
    if constant.values.ndim != 2:
        raise walk.fail(
            node, f"its weights have rank {constant.values.ndim}, not 2", "export a matrix"
        )
    if constant.values.dtype not in (np.int8, np.uint8):
        raise walk.fail(node, f"its weights are {constant.values.dtype}, not int8", _QUANTIZED)
    matrix = constant if transposed else constant.transposed()
    shift = 128 if matrix.values.dtype == np.uint8 else 0
    assert matrix.scale is not None and matrix.zero_point is not None
    if np.any(matrix.zero_point != shift):
        raise walk.fail(
            node,
            "its weights have a zero point",
            "quantize weights symmetrically (WeightSymmetric)",
        )
    if matrix.scale.size > 1 and matrix.axis != 0:
        raise walk.fail(
            node,
            "its weights are quantized per input channel",
            "quantize per output channel or per tensor",
        )
    outputs, inputs = matrix.values.shape
    if outputs == 0 or inputs == 0:
        raise walk.fail(node, "its weights are empty", "export the model again")
    if source.shape != (1, inputs):
        raise walk.fail(
            node,
            f"its input has shape {list(source.shape)}, its weights need [1, {inputs}]",
            "flatten the input before the layer",
        )
    weights = np.ascontiguousarray(matrix.values.astype(np.int16) - shift).astype(np.int8)
    scales = np.broadcast_to(matrix.scale, (outputs,)).astype(np.float32)
    return weights, scales


def _gemm(walk: Walk, node: onnx.NodeProto, stage: Stage) -> Stage:
    source = _source(walk, node, stage)
    if attribute(node, "alpha", 1.0) != 1.0 or attribute(node, "beta", 1.0) != 1.0:
        raise walk.fail(node, "alpha and beta must be 1", "export the model again")
    if attribute(node, "transA", 0):
        raise walk.fail(node, "transA is not supported", "export the model again")
    transposed = bool(attribute(node, "transB", 0))
    weights, scales = _weights(walk, node, source, transposed)
    draft = _Draft(walk, node, source, weights, scales)
    if len(node.input) > 2 and node.input[2]:
        draft.bias = _bias(walk, node, 2, weights.shape[0])
    return draft


def _matmul(walk: Walk, node: onnx.NodeProto, stage: Stage) -> Stage:
    source = _source(walk, node, stage)
    weights, scales = _weights(walk, node, source, transposed=False)
    return _Draft(walk, node, source, weights, scales)


def _add(walk: Walk, node: onnx.NodeProto, stage: Stage) -> Stage:
    if not isinstance(stage, _Draft) or stage.bias is not None or stage.relu:
        raise walk.fail(
            node, "Add is supported only as the bias right after MatMul", "use Gemm or MatMul + Add"
        )
    index = 0 if node.input[0] in walk.constants else 1
    stage.bias = _bias(walk, node, index, stage.weights.shape[0])
    return stage


def _bias(walk: Walk, node: onnx.NodeProto, index: int, outputs: int) -> Constant:
    bias = walk.constant(node, index, "its bias")
    kind = bias.values.dtype
    if bias.values.size not in (1, outputs) or (
        bias.values.ndim > 1 and bias.values.shape[-1] != bias.values.size
    ):
        raise walk.fail(
            node, f"its bias has shape {list(bias.values.shape)}, not [{outputs}]", "export again"
        )
    if bias.scale is None and kind != np.float32:
        raise walk.fail(node, f"its bias is {kind} without a scale", _QUANTIZED)
    return bias


def _relu(walk: Walk, node: onnx.NodeProto, stage: Stage) -> Stage:
    from codegen.ops.lookup import relu

    if isinstance(stage, _Draft):
        stage.relu = True
        return stage
    return relu(walk, node, stage)


class FullyConnectedOperator(Operator):
    """Gemm, MatMul + Add, with ReLU in the clamp."""

    stem = "fully_connected"
    node_type = FullyConnected
    handlers = {"Gemm": _gemm, "MatMul": _matmul, "Add": _add, "Relu": _relu}  # noqa: RUF012

    def reference(self, node: FullyConnected, inputs: Int8Array) -> Int8Array:
        """docs/numerics.md: int32 accumulation, float32 requantization, half to even."""
        zero = node.input.quantization.zero_point
        # float64 products and sums are exact: every partial sum is below 2^31 (proved on reading).
        shifted = inputs.astype(np.float64) - zero
        accumulators = shifted @ node.weights.T.astype(np.float64) + node.bias
        scaled = np.rint(accumulators.astype(np.float32) * node.multipliers)
        low, high = node.clamp
        zero_out = np.float32(node.output.quantization.zero_point)
        clamped = np.clip(scaled, low - zero_out, high - zero_out) + zero_out
        stored: Int8Array = clamped.astype(np.int8)
        return stored

    def plan(self, node: FullyConnected) -> LayerPlan:
        """The portable kernel: row-major weights, folded biases, float32 multipliers."""
        blocks = (
            Constants(
                "bias",
                f"bias with the input zero point folded in, int32 [{node.outputs}]",
                node.folded_bias.astype("<i4").tobytes(),
            ),
            Constants(
                "multipliers",
                f"requantization multipliers, float32 [{node.outputs}]",
                node.multipliers.astype("<f4").tobytes(),
                counted=False,
            ),
            Constants(
                "weights",
                f"weights, int8 [{node.outputs}][{node.inputs}]",
                node.weights.tobytes(),
            ),
        )
        low, high = node.clamp
        return LayerPlan(
            node,
            self.stem,
            "portable",
            "plain C, any processor",
            blocks,
            values={
                "inputs": node.inputs,
                "outputs": node.outputs,
                "zero_point": node.output.quantization.zero_point,
                "low": low,
                "high": high,
            },
        )


OPERATOR = FullyConnectedOperator()

__all__ = ["OPERATOR", "FullyConnected"]
