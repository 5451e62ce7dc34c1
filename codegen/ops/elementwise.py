"""Functions of two operands, element by element: values, or a value and a constant."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import onnx

from codegen.ir.graph import Op, Value, tensor
from codegen.ir.types import Array, DType, Float32Array
from codegen.operator import Operator
from codegen.ops import lookup
from codegen.ops.float_weights import FloatWeightsDraft
from codegen.ops.fully_connected import MovedSums
from codegen.reader.context import QUANTIZE_ALL, Context, label, quantized_input
from codegen.reader.load import MAX_RANK
from codegen.reader.stages import Pending, Quantized, Stage
from codegen.weighted_sum import WeightedDraft

Float = Float32Array


def _divide(a: Float, b: Float) -> Float:
    """x / 0 is infinite; 0 / 0 is 0."""
    quotient: Float = np.where(a == 0, np.float32(0), a / b).astype(np.float32)
    return quotient


def _prelu(a: Float, b: Float) -> Float:
    """Below 0 times the slope."""
    sloped: Float = np.where(a < 0, a * b, a).astype(np.float32)
    return sloped


FUNCTIONS: Mapping[str, Callable[[Float, Float], Float]] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": _divide,
    "min": np.minimum,
    "max": np.maximum,
    "prelu": _prelu,
}


@dataclass(frozen=True, eq=False)
class Elementwise(Op):
    """y = quantize(f(dequantize(a), dequantize(b))), each step in float32 as ONNX has it.

    One of two values may be float32, a layer's sums that nobody has quantized.

    Attributes:
        function: one of `FUNCTIONS`.
        constant: float32, broadcast to the output, of its rank; takes the place of b.
        constant_first: f(constant, a).
        low, high: clamp of the output bytes, from a fused ReLU or Clip.
    """

    function: str
    constant: Float32Array | None = field(default=None, repr=False)
    constant_first: bool = False
    low: int = -128
    high: int = 127

    @property
    def content(self) -> tuple[bytes, ...]:
        """The function, the constant and the clamp, for the model's identity."""
        flags = bytes([self.constant_first, self.low & 0xFF, self.high & 0xFF])
        if self.constant is None:
            return self.function.encode(), flags
        shape = str(self.constant.shape).encode()
        return self.function.encode(), flags, shape, self.constant.astype("<f4").tobytes()

    @property
    def detail(self) -> str:
        """The function."""
        return self.function


@dataclass(frozen=True, eq=False, kw_only=True)
class _Draft(Pending):
    """A result whose quantization is not known yet."""

    sources: tuple[Value, ...]
    function: str
    constant: Float32Array | None = None
    constant_first: bool = False

    def finish(self, output: Value) -> Op:
        """The operation."""
        return self._operation(output)

    def _operation(self, output: Value) -> Elementwise:
        low, high = self.clamp(output.quantization)
        return Elementwise(
            name=self.name,
            inputs=self.sources,
            outputs=(output,),
            function=self.function,
            constant=self.constant,
            constant_first=self.constant_first,
            low=low,
            high=high,
        )


def _read(
    context: Context, node: onnx.NodeProto, stages: Sequence[Stage | None], function: str
) -> Stage:
    """A node of two operands of which at least one varies.

    Raises:
        UserError: one that is not quantized, shapes that cannot be broadcast, another number of
            operands.
    """
    if len(node.input) != 2:
        raise context.fail(
            node, f"has {len(node.input)} operands, not two", "join two values at a time"
        )
    if context.is_constant(node, 0) or context.is_constant(node, 1):
        return _with_constant(context, node, stages, function)
    together = _of_one_source(stages, function)
    if together is not None:
        return together
    sums = _sums_of(stages)
    if sums is not None:
        stages = [Quantized(sums.as_floats()) if stage is sums else stage for stage in stages]
    first, second = (quantized_input(context, node, stages, index) for index in (0, 1))
    for value in (first, second):
        _check_scale(context, node, value)
    shape = _broadcast(context, node, first.shape, second.shape)
    _check_slope(context, node, first.shape, shape)
    return _Draft(name=label(node), shape=shape, sources=(first, second), function=function)


def _sums_of(stages: Sequence[Stage | None]) -> WeightedDraft | None:
    """The one of two operands that is a layer's sums, which nobody has quantized or bounded."""
    found = [stage for stage in stages if isinstance(stage, WeightedDraft) and not stage.clipped]
    return found[0] if len(found) == 1 and len(stages) == 2 else None


@dataclass(frozen=True, eq=False, kw_only=True)
class _Several(_Draft):
    """Min or Max of more values: of two at a time, each already quantized as the result.

    Exact: QuantizeLinear never decreases, so it may come before Min and Max as well as after.
    """

    context: Context

    def finish(self, output: Value) -> Op:
        """The last operation; the others are emitted."""
        value, *rest = self.sources
        last = rest.pop() if self.constant is None else None
        for index, other in enumerate(rest):
            shape = tuple(np.broadcast_shapes(value.shape, other.shape))
            made = tensor(f"{output.name}_{index}", shape, output.quantization)
            name = f"{self.name}_{index}"
            self.context.emit(Elementwise(name, (value, other), (made,), self.function))
            value = made
        together = (value,) if last is None else (value, last)
        return replace(self, sources=together)._operation(output)


def _read_several(
    context: Context, node: onnx.NodeProto, stages: Sequence[Stage | None], function: str
) -> Stage:
    """Min or Max of any number of operands."""
    if len(node.input) == 2:
        return _read(context, node, stages, function)
    if len(node.input) == 1 and stages[0] is not None:
        return stages[0]
    sources: list[Value] = []
    constant: Float32Array | None = None
    shape: tuple[int, ...] = (1,)
    for index in range(len(node.input)):
        if context.is_constant(node, index):
            real = _constant_operand(context, node, index)
            shape = _broadcast(context, node, shape, real.shape)
            constant = real if constant is None else FUNCTIONS[function](constant, real)
        else:
            sources.append(quantized_input(context, node, stages, index))
            _check_scale(context, node, sources[-1])
            shape = _broadcast(context, node, shape, sources[-1].shape)
    if constant is not None:
        context.claim(node, constant.size)
        constant = constant.reshape((1,) * (len(shape) - constant.ndim) + constant.shape)
    return _Several(
        name=label(node),
        shape=shape,
        sources=tuple(sources),
        function=function,
        constant=constant,
        context=context,
    )


def _of_one_source(stages: Sequence[Stage | None], function: str) -> Stage | None:
    """Two functions of one value are one function of it: a table, such as x · sigmoid(x)."""
    halves = [lookup.draft_of(stage) for stage in stages]
    first, second = halves
    if first is None or second is None or first.source is not second.source:
        return None
    if all(isinstance(stage, Quantized) for stage in stages):
        return None  # x + x is no function that somebody wrote
    apply = FUNCTIONS[function]
    return lookup.draft(
        first.name,
        first.source,
        lambda x: apply(first.bounded(x), second.bounded(x)),
    )


def _with_constant(
    context: Context, node: onnx.NodeProto, stages: Sequence[Stage | None], function: str
) -> Stage:
    index = 0 if context.is_constant(node, 0) else 1
    stage = stages[1 - index]
    if function == "add" and isinstance(stage, WeightedDraft) and stage.takes_bias(node, index):
        return stage.with_bias(node, index)
    if function == "add" and isinstance(stage, FloatWeightsDraft):
        return stage.with_bias(node, index)
    if function == "add" and isinstance(stage, MovedSums) and stage.takes_bias(node, index):
        return stage.with_bias(node, index)
    real = _constant_operand(context, node, index)
    apply = FUNCTIONS[function]
    half = lookup.draft_of(stage)
    if half is not None and real.size == 1:
        number = real.reshape(-1)[:1]
        shape = _broadcast(context, node, half.shape, real.shape)
        if shape == half.shape and not (function == "prelu" and index == 0):
            return lookup.draft(
                label(node),
                half.source,
                lambda x: (
                    apply(number, half.bounded(x)) if index == 0 else apply(half.bounded(x), number)
                ),
            )
    source = quantized_input(context, node, stages, 1 - index)
    _check_scale(context, node, source)
    shape = _broadcast(context, node, source.shape, real.shape)
    _check_slope(context, node, real.shape if index == 0 else source.shape, shape)
    context.claim(node, real.size)
    return _Draft(
        name=label(node),
        shape=shape,
        sources=(source,),
        function=function,
        constant=real.reshape((1,) * (len(shape) - real.ndim) + real.shape),
        constant_first=index == 0,
    )


def _constant_operand(context: Context, node: onnx.NodeProto, index: int) -> Float32Array:
    """Operand `index` as the numbers that it stands for.

    Raises:
        UserError: integers without a scale, or numbers that are not finite.
    """
    constant = context.constant(node, index, "its operand")
    if constant.scale is None and constant.values.dtype != np.float32:
        raise context.fail(node, f"its operand is {constant.values.dtype}", "export again")
    real = constant.real()
    if not np.isfinite(real).all():
        raise context.fail(node, "its operand is not finite", "train the model again")
    return real


def _broadcast(
    context: Context, node: onnx.NodeProto, first: Sequence[int], second: Sequence[int]
) -> tuple[int, ...]:
    """The common shape of two operands.

    Raises:
        UserError: there is none, or it has another batch.
    """
    try:
        shape = tuple(int(size) for size in np.broadcast_shapes(tuple(first), tuple(second)))
    except ValueError:
        shape = ()
    if not shape or shape[0] != 1 or len(shape) > MAX_RANK:
        raise context.fail(
            node,
            f"its operands have shapes {list(first)} and {list(second)}",
            "give them shapes that can be broadcast, with batch 1",
        )
    return shape


def _check_slope(
    context: Context, node: onnx.NodeProto, sloped: Sequence[int], shape: Sequence[int]
) -> None:
    """PRelu repeats its slope only, never what is sloped."""
    if node.op_type == "PRelu" and tuple(sloped) != tuple(shape):
        raise context.fail(
            node, f"its slope does not fit shape {list(sloped)}", "give a slope for each channel"
        )


def _check_scale(context: Context, node: onnx.NodeProto, value: Value) -> None:
    if value.dtype is DType.FLOAT32:
        return
    with np.errstate(over="ignore"):
        largest = np.float32(255) * np.float32(value.quantization.scale)
    if not np.isfinite(largest):
        raise context.fail(node, "the scale of its operand leaves float32", QUANTIZE_ALL)


class ElementwiseOperator(Operator):
    """Add, Sub, Mul, Div and PRelu of two operands, Min and Max of any number."""

    stem = "elementwise"
    op_type = Elementwise
    limits = (
        "Broadcast, rank up to 16; one operand may be a constant, or the sums of a convolution or"
        " fully connected layer that are not quantized. x / 0 saturates, 0 / 0 is 0."
    )
    handlers = {  # noqa: RUF012
        "Add": partial(_read, function="add"),
        "Div": partial(_read, function="div"),
        "Max": partial(_read_several, function="max"),
        "Min": partial(_read_several, function="min"),
        "Mul": partial(_read, function="mul"),
        "PRelu": partial(_read, function="prelu"),
        "Sub": partial(_read, function="sub"),
    }

    def reference(self, op: Elementwise, *inputs: Array) -> Array:
        """docs/numerics.md, "Two values"."""
        rank = len(op.output.shape)
        operands = [
            _with_rank(_real(value, rows), rank)
            for value, rows in zip(op.inputs, inputs, strict=True)
        ]
        if op.constant is not None:
            operands.insert(0 if op.constant_first else 1, op.constant)
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            result = FUNCTIONS[op.function](*operands)
            return np.clip(op.output.quantization.quantize(result), op.low, op.high)


def _real(value: Value, rows: Array) -> Float32Array:
    """What an operand's elements mean."""
    return rows if value.dtype is DType.FLOAT32 else value.quantization.dequantize(rows)


def _with_rank(rows: Float32Array, rank: int) -> Float32Array:
    """[N, …] with axes of one element behind the batch, as broadcasting adds them."""
    missing = rank - rows.ndim
    return rows.reshape(len(rows), *(1,) * missing, *rows.shape[1:])


OPERATOR = ElementwiseOperator()
