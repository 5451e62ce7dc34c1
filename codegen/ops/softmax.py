"""Softmax along an axis, in integers: a table of exponentials and one division each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import onnx

from codegen.ir.graph import Op, Value, tensor
from codegen.ir.types import Array, DType, Quantization
from codegen.operator import Operator
from codegen.ops.float_softmax import EXPONENTIAL_BITS, FloatSoftmax, output_steps, shares
from codegen.reader.context import Context, integer, label, only_stage, quantized_input
from codegen.reader.stages import Pending, Quantized, Stage
from codegen.weighted_sum import WeightedDraft

MAX_ELEMENTS = 2048
MIN_SCALE = 2.0**-11
# Where a float Softmax ends the model: probabilities 0 .. 255/256 over all of int8.
DEFAULT_OUTPUT = Quantization(np.float32(1.0 / 256.0), -128)


@dataclass(frozen=True, eq=False)
class Softmax(Op):
    """y[i] = round(e[max - x[i]] / scale / Σe) + zero_point along an axis.

    Attributes:
        axis: of the model's shape.
    """

    axis: int

    @property
    def content(self) -> tuple[bytes, ...]:
        """The axis, for the model's identity; nothing where it is the only one."""
        return () if len(self.input.shape) == 2 else (bytes([self.axis]),)

    @property
    def table(self) -> npt.NDArray[np.uint32]:
        """uint32 [256], see `exponentials`."""
        return exponentials(float(self.input.quantization.scale))

    @property
    def steps(self) -> int:
        """round(2^16 / output_scale): output steps that make one, with 16 fraction bits."""
        return output_steps(self)


def exponentials(scale: float) -> npt.NDArray[np.uint32]:
    """uint32 [256]: round(2^20 * exp(-d * scale)) for d = 0..255."""
    steps = np.arange(256, dtype=np.float64) * scale
    table: npt.NDArray[np.uint32] = np.rint(np.exp(-steps) * (1 << EXPONENTIAL_BITS)).astype(
        np.uint32
    )
    return table


@dataclass(frozen=True, eq=False, kw_only=True)
class SoftmaxDraft(Pending):
    """A Softmax whose output quantization is not known yet."""

    context: Context
    node: onnx.NodeProto
    source: Value
    axis: int

    def finish(self, output: Value) -> Op:
        """The operation; output scales outside 2^-11..1 make no sense for probabilities."""
        scale = float(output.quantization.scale)
        if self.clipped:
            raise self.context.fail(
                self.node, "a Relu or Clip follows it", "leave it out: it changes nothing"
            )
        if not MIN_SCALE <= scale <= 1.0:
            raise self.context.fail(
                self.node,
                f"output scale {scale:g} is outside {MIN_SCALE:g} to 1",
                "quantize the Softmax with scale 1/256 and zero point -128, or leave it out",
            )
        kind = FloatSoftmax if self.source.dtype is DType.FLOAT32 else Softmax
        return kind(self.name, (self.source,), (output,), self.axis)

    def unquantized_output(self) -> Value:
        """Scale 1/256, zero point -128."""
        return tensor(self.node.output[0], self.shape, DEFAULT_OUTPUT)


def read_axis(context: Context, node: onnx.NodeProto, source: Value) -> int:
    """The axis of a Softmax or LogSoftmax; `source` is what it reads.

    Raises:
        UserError: one outside the shape, the batch, or one that is too long.
    """
    rank = len(source.shape)
    axis = integer(context, node, "axis", -1)
    if not -rank <= axis < rank or axis % rank == 0:
        raise context.fail(
            node,
            f"axis {axis} of shape {list(source.shape)} is not supported",
            "use an axis behind the batch",
        )
    axis %= rank
    if source.shape[axis] > MAX_ELEMENTS:
        raise context.fail(
            node, f"more than {MAX_ELEMENTS} elements", f"leave the {node.op_type} out"
        )
    return axis


def _softmax(context: Context, node: onnx.NodeProto, stages: Sequence[Stage | None]) -> Stage:
    stage = only_stage(context, node, stages)
    if isinstance(stage, WeightedDraft) and not stage.clipped:
        stage = Quantized(stage.as_floats())
    source = quantized_input(context, node, [stage])
    axis = read_axis(context, node, source)
    return SoftmaxDraft(
        name=label(node),
        shape=source.shape,
        context=context,
        node=node,
        source=source,
        axis=axis,
    )


class SoftmaxOperator(Operator):
    """Integers only, so that no two exponential functions can differ."""

    stem = "softmax"
    op_type = Softmax
    limits = (
        "Along one axis of at most 2,048 elements; output scale 2^-11 to 1; also of sums of a"
        " convolution or fully connected layer that are not quantized."
    )
    handlers = {"Softmax": _softmax}  # noqa: RUF012

    def reference(self, op: Softmax, *inputs: Array) -> Array:
        """docs/numerics.md, "Softmax": round half up of e / scale / Σe."""
        values = inputs[0].astype(np.int64)
        powers = op.table.astype(np.int64)[values.max(op.axis, keepdims=True) - values]
        return shares(op, powers, op.steps, op.axis)


OPERATOR = SoftmaxOperator()
