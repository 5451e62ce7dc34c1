"""A last layer whose weights stayed float32: computed in float32, one element after the other."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import onnx

from codegen.ir.graph import Op, Value
from codegen.ir.types import Array, DType, Float32Array, TensorType
from codegen.operator import Operator
from codegen.reader.context import QUANTIZE_ALL, Context, label
from codegen.reader.stages import Pending, Stage


@dataclass(frozen=True, eq=False)
class FloatWeights(Op):
    """y[o] = scale * Σ_i weights[o][i] * (x[i] - zero_point) + bias[o], float32, i in order.

    Attributes:
        weights: float32 [outputs, inputs].
        bias: float32 [outputs].
    """

    weights: Float32Array = field(repr=False)
    bias: Float32Array = field(repr=False)

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one inference."""
        return int(self.weights.size)

    @property
    def content(self) -> tuple[bytes, ...]:
        """Weights and biases, for the model's identity."""
        return self.weights.astype("<f4").tobytes(), self.bias.astype("<f4").tobytes()


@dataclass(frozen=True, eq=False, kw_only=True)
class FloatWeightsDraft(Pending):
    """The layer before its bias, which an Add may bring."""

    context: Context
    node: onnx.NodeProto
    source: Value
    weights: Float32Array
    bias: Float32Array | None = None

    def finish(self, output: Value) -> Op:
        """The operation.

        Raises:
            UserError: the layer is not the last one: its output is quantized.
        """
        if output.dtype is not DType.FLOAT32:
            raise self.context.fail(
                self.node, "its weights are float32, not quantized", QUANTIZE_ALL
            )
        bias = np.zeros(len(self.weights), np.float32) if self.bias is None else self.bias
        return FloatWeights(self.name, (self.source,), (output,), self.weights, bias)

    def unquantized_output(self) -> Value | None:
        """float32."""
        if self.clipped:
            return None
        return Value(self.node.output[0], TensorType(self.shape, None, DType.FLOAT32))

    def with_bias(self, node: onnx.NodeProto, index: int) -> FloatWeightsDraft:
        """The layer with operand `index` of `node` added.

        Raises:
            UserError: another shape than [outputs], or a second bias.
        """
        real = self.context.constant(node, index, "its bias").real()
        if (
            self.bias is not None
            or real.size != len(self.weights)
            or real.shape[-1:] != (len(self.weights),)
        ):
            raise self.context.fail(
                node, f"its bias has shape {list(real.shape)}", "export the model again"
            )
        if not np.isfinite(real).all():
            raise self.context.fail(node, "its bias is not finite", "train the model again")
        return replace(self, bias=real.reshape(-1).astype(np.float32))


def float_layer(
    context: Context, node: onnx.NodeProto, source: Value, weights: Float32Array
) -> Stage:
    """The stage behind a layer of float32 weights [outputs, inputs].

    Raises:
        UserError: weights that are not finite, or do not fit the input.
    """
    outputs, inputs = weights.shape
    if source.shape != (1, inputs):
        raise context.fail(
            node,
            f"its input has shape {list(source.shape)}, its weights need [1, {inputs}]",
            "flatten the input before the layer",
        )
    if not np.isfinite(weights).all():
        raise context.fail(node, "its weights are not finite", "train the model again")
    return FloatWeightsDraft(
        name=label(node),
        shape=(1, outputs),
        context=context,
        node=node,
        source=source,
        weights=np.ascontiguousarray(weights),
    )


class FloatWeightsOperator(Operator):
    """Float32 products and sums, never fused."""

    stem = "float_weights"
    op_type = FloatWeights
    handlers = {}  # noqa: RUF012

    def reference(self, op: FloatWeights, *inputs: Array) -> Array:
        """docs/numerics.md, "Float outputs"."""
        (values,) = inputs
        shifted = (values.astype(np.int32) - op.input.quantization.zero_point).astype(np.float32)
        sums = np.zeros((len(values), len(op.weights)), np.float32)
        with np.errstate(all="ignore"):
            for column in range(op.weights.shape[1]):
                sums += shifted[:, column, None] * op.weights[:, column]
            result: Float32Array = sums * np.float32(op.input.quantization.scale) + op.bias
        return result


OPERATOR = FloatWeightsOperator()
