"""Fully connected layers: Gemm, or MatMul and Add, with an optional fused ReLU or Clip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import onnx

from codegen.ir.types import Array, Int32Array, Int64Array
from codegen.operator import Operator
from codegen.reader.context import Context, integer, label, number, only_stage, quantized_input
from codegen.reader.stages import Stage
from codegen.reader.weights import by_output, quantized_weights
from codegen.weighted_sum import WeightedDraft, WeightedSum


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

    @cached_property
    def folded_bias(self) -> Int32Array | Int64Array:
        """int32 or int64 [outputs]: bias with the input's zero point folded in, so that
        acc = folded_bias + 2^fraction Σ w * q for the stored bytes q."""
        zero = self.input.quantization.zero_point
        sums = self.weights.astype(np.int64).sum(axis=1) << self.fraction
        folded: Int64Array = self.bias.astype(np.int64) - zero * sums
        return folded if self.wide else folded.astype(np.int32)


def _draft(
    context: Context, node: onnx.NodeProto, stages: Sequence[Stage | None], transposed: bool
) -> WeightedDraft:
    source = quantized_input(context, node, [only_stage(context, node, stages)])
    constant = quantized_weights(context, node, 2, "a matrix")
    matrix = constant if transposed else constant.transposed()
    weights, scales = by_output(context, node, matrix, 0)
    outputs, inputs = weights.shape
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
        # float64 products and sums are exact: every partial sum is below MAX_REACH.
        shifted = values.astype(np.float64) - op.input.quantization.zero_point
        return op.requantize(shifted @ op.weights.T.astype(np.float64), 1)


OPERATOR = FullyConnectedOperator()
