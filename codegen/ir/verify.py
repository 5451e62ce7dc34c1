"""What every graph must be, looked at after reading and after every pass."""

from __future__ import annotations

from codegen.ir.graph import Graph, Op, Value
from codegen.ir.types import DType


class InvalidGraphError(Exception):
    """A pass or the reader made a graph that is none: a fault of this program, never the user's."""


def verify(graph: Graph) -> Graph:
    """Return the graph when it is whole.

    Raises:
        InvalidGraphError: a value that is read before it is written, written twice or not at all;
            an end that is there twice; a type that no value can have.
    """
    written: set[Value] = set()
    for value in graph.inputs:
        if value in written:
            raise InvalidGraphError(f"input '{value.name}' is there twice")
        _check_type(value)
        written.add(value)
    for op in graph.ops:
        _check_op(op, written)
        written.update(op.outputs)
    if not graph.outputs:
        raise InvalidGraphError("there is no output")
    for value in graph.outputs:
        if value not in written:
            raise InvalidGraphError(f"output '{value.name}' is written by nobody")
    return graph


def _check_op(op: Op, written: set[Value]) -> None:
    if type(op).__eq__ is not object.__eq__:
        raise InvalidGraphError(f"{type(op).__name__} is not compared by identity (eq=False)")
    if not op.outputs:
        raise InvalidGraphError(f"'{op.name}' writes nothing")
    for value in op.inputs:
        if value not in written:
            raise InvalidGraphError(f"'{op.name}' reads '{value.name}' before it is written")
    for value in op.outputs:
        if value in written or op.outputs.count(value) > 1:
            raise InvalidGraphError(f"'{op.name}' writes '{value.name}', which is there already")
        _check_type(value)


def _check_type(value: Value) -> None:
    kind = value.type
    if not kind.shape or kind.shape[0] != 1 or any(size < 1 for size in kind.shape):
        raise InvalidGraphError(f"'{value.name}' has shape {list(kind.shape)}; the batch is 1")
    if kind.dtype is DType.INT8 and kind.quantization is None:
        raise InvalidGraphError(f"'{value.name}' is int8 without a quantization")
    if kind.quantization is not None and not -128 <= kind.quantization.zero_point <= 127:
        raise InvalidGraphError(f"'{value.name}' has zero point {kind.quantization.zero_point}")
