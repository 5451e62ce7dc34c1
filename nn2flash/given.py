"""Arrays that a caller of the Python interface gives, as the bytes that the network takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from codegen.ir.graph import Graph, Value
from codegen.ir.preprocessing import apply
from codegen.ir.types import Array, Int8Array
from codegen.reference import quantize
from support.errors import UserError


def input_bytes(graph: Graph, x: Any) -> Int8Array:
    """int8 [N, bytes of all inputs] of what a caller gives.

    Args:
        x: the array of the only input, a dict of arrays by name, or [N, values of all inputs].
            int8 is quantized already, other integers and floats are real numbers. Of an input
            [1, …]: [N, …], […] for one, or flat [N, values]: real numbers in the order of the
            model's shape, int8 as the bytes lie in memory.

    Raises:
        UserError: no numbers, another shape, or other names.
    """
    each = [_one(graph, index, array) for index, array in enumerate(_arrays(graph, x))]
    if len({len(rows) for rows in each}) > 1:
        raise UserError("the inputs have different numbers of rows", "give as many of each")
    return np.concatenate(each, axis=1)


def _arrays(graph: Graph, x: Any) -> list[Array]:
    """One array for each input of the network."""
    names = [value.name for value in graph.inputs]
    if isinstance(x, Mapping):
        if set(x) != set(names):
            raise UserError(f"inputs are called {list(x)}", f"the network's are {names}")
        return [_numbers(x[name], f"input '{name}'") for name in names]
    if len(names) == 1:
        return [_numbers(x, f"input '{names[0]}'")]
    array = _numbers(x, "the array of all inputs")
    if array.ndim != 2 or array.shape[1] != graph.input_size or not len(array):
        raise UserError(
            f"the array of all inputs has the shape {list(array.shape)},"
            f" the network takes [N, {graph.input_size}]",
            f"give that, or a dict of arrays by name: {_expected(graph.inputs)}",
        )
    ends = np.cumsum([value.size for value in graph.inputs])[:-1]
    return np.split(array, ends, axis=1)


def _numbers(x: Any, what: str) -> Array:
    """An array of integers or floats.

    Raises:
        UserError: anything else.
    """
    remedy = "give floats, or int8 values that are quantized already"
    try:
        array = np.asarray(x)
    except (ValueError, TypeError, RuntimeError) as error:
        raise UserError(f"{what} is no array of numbers: {error}", remedy) from None
    if array.dtype.kind not in "iuf":
        raise UserError(f"{what} is no array of numbers but of {array.dtype}", remedy)
    return array


def _one(graph: Graph, index: int, array: Array) -> Int8Array:
    """int8 [N, bytes] of one input."""
    value = graph.inputs[index]
    shape = value.shape[1:]
    batch = array[np.newaxis] if array.shape == shape else array
    flat = batch.shape[1:] == (value.size,) and batch.shape[1:] != shape
    if not batch.size or not (flat or batch.shape[1:] == shape):
        raise UserError(
            f"input '{value.name}' has the shape {list(array.shape)},"
            f" the network takes {_shape(value)}",
            f"give {_shape(value)}, {list(shape)} for one, or flat [N, {value.size}]",
        )
    if array.dtype == np.int8:
        return np.ascontiguousarray(batch) if flat else value.type.store(batch)
    with np.errstate(over="ignore"):  # what float32 cannot hold is refused as not finite
        real = batch.astype(np.float32).reshape(-1, *shape)
    return quantize(apply(graph.arithmetic(index), real), value)


def _shape(value: Value) -> str:
    """As a caller reads it, for example [N, 3, 32, 32]."""
    return f"[{', '.join(map(str, ('N', *value.shape[1:])))}]"


def _expected(values: tuple[Value, ...]) -> str:
    return ", ".join(f"'{value.name}' {_shape(value)}" for value in values)
