"""A function that never decreases, of float32 numbers that nobody quantized, as 255 thresholds.

Where a quantizer leaves Sigmoid, Tanh or Elu in float behind a layer, the number between them has
no quantization. The byte that comes of it never falls when the number grows, so the smallest number
that gives each byte says everything: the layer's exact sum as float32 is compared, not rounded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import onnx

from codegen.functions import Function, Numbers
from codegen.ir.graph import Op, Value, tensor
from codegen.ir.types import Array, DType, Float32Array, Int8Array, Quantization, TensorType
from codegen.operator import Operator
from codegen.ops.float_weights import FloatWeightsDraft
from codegen.reader.context import QUANTIZE_ALL, Context, label
from codegen.reader.stages import Pending, Stage
from codegen.weighted_sum import WeightedDraft

# Where the function ends the model: all of int8 over what it can give.
_ENDS = {
    "Sigmoid": Quantization(np.float32(1 / 256), -128),
    "HardSigmoid": Quantization(np.float32(1 / 256), -128),
    "Tanh": Quantization(np.float32(1 / 128), 0),
    "Softsign": Quantization(np.float32(1 / 128), 0),
}


@dataclass(frozen=True, eq=False)
class Thresholds(Op):
    """y = how many thresholds x reaches, less 128.

    Attributes:
        thresholds: float32 [255], never falling; NaN behind those that can be reached.
    """

    thresholds: Float32Array = field(repr=False)

    @property
    def content(self) -> tuple[bytes, ...]:
        """The thresholds, for the model's identity."""
        return (self.thresholds.astype("<f4").tobytes(),)


@dataclass(frozen=True, eq=False, kw_only=True)
class ThresholdsDraft(Pending):
    """A function of a float value whose output quantization is not known yet."""

    context: Context
    node: onnx.NodeProto
    inner: Pending
    function: Function

    def finish(self, output: Value) -> Op:
        """The operation; what it reads is emitted."""
        source = Value(f"{output.name} before", TensorType(self.shape, None, DType.FLOAT32))
        self.context.ops.append(self.inner.finish(source))

        def to_byte(x: Float32Array) -> Int8Array:
            with np.errstate(all="ignore"):
                real = self.function(x.astype(np.float64)).astype(np.float32)
                found = output.quantization.quantize(np.nan_to_num(real, posinf=np.inf))
            return np.clip(found, *self.clamp(output.quantization))

        return Thresholds(self.name, (source,), (output,), self._thresholds(to_byte))

    def bounded(self, x: Numbers) -> Numbers:
        """The function with its bounds."""
        return np.clip(self.function(x), self.low, self.high)

    def unquantized_output(self) -> Value | None:
        """All of int8 over what the function can give, for those that have bounds."""
        quantization = _ENDS.get(self.node.op_type)
        if quantization is None:
            return None
        name = self.node.output[0]
        self.context.notes.append(
            f"output '{name}' is left in float: its bytes have scale"
            f" {float(quantization.scale):.9g} and zero point {quantization.zero_point}"
        )
        return tensor(name, self.shape, quantization)

    def _thresholds(self, to_byte: Callable[[Float32Array], Int8Array]) -> Float32Array:
        """Halve the distance between float32 numbers, taken in their order, until one is left.

        Raises:
            UserError: the function falls somewhere.
        """
        samples = _number(np.linspace(_FIRST, _LAST, 1 << 16).astype(np.int64))
        if (np.diff(to_byte(samples).astype(int)) < 0).any():
            raise self.context.fail(
                self.node,
                f"its input is not quantized, after '{self.inner.name}'",
                QUANTIZE_ALL,
            )
        bytes_wanted = np.arange(-127, 128)
        low, high = np.full(255, _FIRST), np.full(255, _LAST)
        while (low < high).any():
            middle = (low + high) >> 1
            reached = to_byte(_number(middle)) >= bytes_wanted
            high = np.where(reached, middle, high)
            low = np.where(reached, low, np.minimum(middle + 1, high))
        found = _number(low)
        found[to_byte(found) < bytes_wanted] = np.nan
        return found


def thresholds_of(
    context: Context, node: onnx.NodeProto, stage: Stage, function: Function
) -> Stage | None:
    """The stage behind a function of float sums; None when `stage` is none."""
    if isinstance(stage, ThresholdsDraft):
        inner, before = stage.inner, stage.bounded
    elif isinstance(stage, WeightedDraft | FloatWeightsDraft):
        low, high = stage.low, stage.high
        inner = replace(stage, low=-np.inf, high=np.inf)

        def before(x: Numbers) -> Numbers:
            return np.clip(x, low, high)
    else:
        return None
    return ThresholdsDraft(
        name=label(node),
        shape=stage.shape,
        context=context,
        node=node,
        inner=inner,
        function=lambda x: function(before(x)),
    )


def _ordinal(x: float) -> int:
    bits = int(np.float32(x).view(np.int32))
    return bits if bits >= 0 else -(bits & 0x7FFFFFFF)


def _number(ordinals: npt.NDArray[np.int64]) -> Float32Array:
    """float32 numbers by their place among all of them; 0 is 0."""
    magnitude = np.abs(ordinals).astype(np.int32).view(np.float32)
    found: Float32Array = np.where(ordinals < 0, -magnitude, magnitude).astype(np.float32)
    return found


_LAST = _ordinal(float(np.finfo(np.float32).max))
_FIRST = -_LAST


class ThresholdsOperator(Operator):
    """A search among 255 numbers."""

    stem = "thresholds"
    op_type = Thresholds
    handlers = {}  # noqa: RUF012

    def reference(self, op: Thresholds, *inputs: Array) -> Array:
        """docs/numerics.md, "Functions of float sums"."""
        (values,) = inputs
        reached = np.searchsorted(_without_nan(op.thresholds), values, side="right")
        stored: Int8Array = (reached - 128).astype(np.int8)
        return stored


def _without_nan(thresholds: Float32Array) -> Sequence[float] | Float32Array:
    return thresholds[~np.isnan(thresholds)]


OPERATOR = ThresholdsOperator()
