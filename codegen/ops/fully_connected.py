"""Fully connected layers: Gemm, or MatMul and Add, with an optional fused ReLU or Clip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Self

import numpy as np
import onnx

from codegen.ir.graph import Value
from codegen.ir.types import Array, Float32Array, WeightArray
from codegen.operator import Operator
from codegen.ops.conv import Conv
from codegen.ops.float_weights import FloatWeightsDraft, float_layer
from codegen.ops.mat_mul import product
from codegen.ops.transpose import transpose
from codegen.reader.context import Context, integer, label, number, only_stage, quantized_input
from codegen.reader.stages import Moved, Stage
from codegen.reader.weights import by_output, quantized_weights
from codegen.weighted_sum import WeightedDraft, WeightedSum
from codegen.window import Window, image_size


@dataclass(frozen=True, eq=False)
class FullyConnected(WeightedSum):
    """y = requantize(W (x - zero_point) + b); weights are [outputs, inputs]."""

    @property
    def columns(self) -> int:
        """Number of inputs of each output."""
        return int(self.weights.shape[1])

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one inference."""
        return self.columns * self.rows


@dataclass(frozen=True, eq=False, kw_only=True)
class MovedSums(Moved):
    """Sums whose channels come last: a matrix for each position of a signal or an image."""

    context: Context
    sums: WeightedDraft

    def takes_bias(self, node: onnx.NodeProto, index: int) -> bool:
        """Whether operand `index`, which an Add brings, is a bias for each output channel."""
        shape = self.context.constant(node, index, "its bias").values.shape
        return (
            self.sums.bias is None
            and not self.inner.clipped
            and all(size == 1 for size in shape[:-1])
        )

    def with_bias(self, node: onnx.NodeProto, index: int) -> Self:
        """The layer with operand `index` of `node` as its bias."""
        sums = self.sums.with_bias(node, index)
        return replace(self, inner=sums, sums=sums)


def _per_position(
    context: Context,
    node: onnx.NodeProto,
    source: Value,
    weights: WeightArray,
    scales: Float32Array,
) -> Stage:
    """A matrix of rank 3 or 4 times weights [outputs, inputs]: a convolution of 1 x 1.

    Its transposes move no byte, for images lie channels last.
    """
    rank = len(source.shape)
    outputs, inputs = weights.shape
    if source.shape[-1] != inputs:
        raise context.fail(
            node,
            f"its input has shape {list(source.shape)}, its weights need {inputs} at the end",
            "export the model again",
        )
    forth, back = (0, rank - 1, *range(1, rank - 1)), (0, *range(2, rank), 1)
    image = transpose(context, node, source, forth)
    size = image_size(image.shape)
    sums = WeightedDraft(
        name=label(node),
        shape=(1, int(outputs), *source.shape[1:-1]),
        context=context,
        node=node,
        source=image,
        weights=weights.reshape(outputs, inputs, 1, 1),
        scales=scales,
        make=partial(Conv, window=Window(size, size, (1, 1)), groups=1),
    )
    return MovedSums(
        name=label(node),
        shape=(*source.shape[:-1], int(outputs)),
        inner=sums,
        move=lambda value: transpose(context, node, value, back),
        context=context,
        sums=sums,
    )


def _draft(
    context: Context, node: onnx.NodeProto, stages: Sequence[Stage | None], transposed: bool
) -> Stage:
    source = quantized_input(context, node, [only_stage(context, node, stages)])
    plain = context.constant(node, 1, "its weights")
    if plain.scale is None and plain.values.dtype == np.float32 and plain.values.ndim == 2:
        return float_layer(context, node, source, plain.values if transposed else plain.values.T)
    constant = quantized_weights(context, node, 2, "a matrix")
    matrix = constant if transposed else constant.transposed()
    weights, scales = by_output(context, node, matrix, 0)
    outputs, inputs = weights.shape
    if node.op_type == "MatMul" and len(source.shape) in (3, 4):
        return _per_position(context, node, source, weights, scales)
    if source.shape != (1, inputs):
        raise context.fail(
            node,
            f"its input has shape {list(source.shape)}, its weights need [1, {inputs}]",
            "flatten the input before the layer",
        )
    return WeightedDraft(
        name=label(node),
        shape=(1, int(outputs)),
        context=context,
        node=node,
        source=source,
        weights=weights,
        scales=scales,
        make=FullyConnected,
    )


def _gemm(context: Context, node: onnx.NodeProto, stages: Sequence[Stage | None]) -> Stage:
    one = (number(context, node, name, 1.0) == 1.0 for name in ("alpha", "beta"))
    if not all(one):
        raise context.fail(node, "alpha and beta must be 1", "export the model again")
    if integer(context, node, "transA", 0):
        raise context.fail(node, "transA is not supported", "export the model again")
    draft = _draft(context, node, stages, bool(integer(context, node, "transB", 0)))
    if len(node.input) < 3 or not node.input[2]:
        return draft
    assert isinstance(draft, WeightedDraft | FloatWeightsDraft)
    return draft.with_bias(node, 2)


def _matmul(context: Context, node: onnx.NodeProto, stages: Sequence[Stage | None]) -> Stage:
    if not any(context.is_constant(node, index) for index in (0, 1)):
        return product(context, node, stages)
    return _draft(context, node, stages, transposed=False)


class FullyConnectedOperator(Operator):
    """Gemm, or MatMul with or without Add, with ReLU or Clip in the clamp."""

    stem = "fully_connected"
    op_type = FullyConnected
    limits = "With constant 8-bit weights; alpha and beta 1, transA 0."
    handlers = {"Gemm": _gemm, "MatMul": _matmul}  # noqa: RUF012

    def reference(self, op: FullyConnected, *inputs: Array) -> Array:
        """docs/numerics.md: int32 accumulation, float32 requantization, half to even."""
        (values,) = inputs
        # float64 products and sums are exact: every partial sum is below MAX_REACH.
        shifted = values.astype(np.float64) - op.input.quantization.zero_point
        return op.requantize(shifted @ op.weights.T.astype(np.float64), 1)


OPERATOR = FullyConnectedOperator()
