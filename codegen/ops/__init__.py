"""The operators, found by looking into this folder: adding one touches nothing else here."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Sequence
from functools import cache

import onnx

from codegen.ir.graph import Op, Value
from codegen.operator import Operator
from codegen.reader.context import Context, Handler
from codegen.reader.stages import Pending


@cache
def operators() -> tuple[Operator, ...]:
    """All operators, sorted by stem."""
    found = []
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda m: m.name):
        loaded = importlib.import_module(f"{__name__}.{module.name}")
        found.append(loaded.OPERATOR)
    return tuple(found)


@cache
def handlers() -> dict[str, Handler]:
    """ONNX operator type → the function that reads it."""
    return {name: handler for op in operators() for name, handler in op.handlers.items()}


@cache
def _by_type() -> dict[type[Op], Operator]:
    return {operator.op_type: operator for operator in operators()}


def operator_of(op: Op) -> Operator:
    """The operator that an operation of the graph is one of."""
    return _by_type()[type(op)]


def computes(op: Op) -> bool:
    """Whether anything is left to do for an operation at run time, wherever its values lie."""
    return any(not _is_view(each) for each in op.operations)


def _is_view(op: Op) -> bool:
    aliases = operator_of(op).aliases(op)
    whole = [a for a in aliases if (a.input_offset, a.output_offset) == (0, 0)]
    return len(op.inputs) == len(op.outputs) == len(whole) == 1


def reshape_value(
    context: Context, node: onnx.NodeProto, source: Value, shape: tuple[int, ...]
) -> Value:
    """`source` with another shape, by a Reshape where needed."""
    from codegen.ops.reshape import reshape

    return reshape(context, node, source, shape)


def transpose_value(
    context: Context, node: onnx.NodeProto, source: Value, order: tuple[int, ...]
) -> Value:
    """`source` with its axes in another order, by a Transpose where needed."""
    from codegen.ops.transpose import transpose

    return transpose(context, node, source, order)


def requantize_stage(name: str, source: Value) -> Pending:
    """What changes only scale and zero point."""
    from codegen.ops.lookup import requantize

    return requantize(name, source)


def concatenated(
    context: Context, name: str, output: str, values: Sequence[Value], axis: int
) -> Value:
    """Values of one quantization along an axis."""
    from codegen.ops.concat import concatenate

    return concatenate(context, name, output, values, axis)


def reshaped(context: Context, node: onnx.NodeProto, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape that a node of Reshape's kind makes of another."""
    from codegen.ops.reshape import target_shape

    return target_shape(context, node, shape)
