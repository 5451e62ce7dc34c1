"""The NumPy integer reference: what every build of the network must compute, byte for byte.

Rows of bytes are the interface's: all inputs (or outputs) one after the other, each in the order in
which its bytes lie.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from codegen.ir.graph import Graph, Op, Value
from codegen.ir.preprocessing import apply
from codegen.ir.types import Array, Float32Array, Int8Array
from codegen.ops import operator_of
from support.errors import UserError

# Rows at a time: bounds memory to a few ten MB for any number of images.
_CHUNK = 2048


def quantize(values: npt.NDArray[np.float32], value: Value) -> Int8Array:
    """ONNX QuantizeLinear of float32 [N, …] → int8 [N, size], in the order of the value's bytes.

    Raises:
        UserError: rows of another size than the value's, or numbers that are not finite.
    """
    rows = values.reshape(values.shape[0], -1)
    if rows.shape[1] != value.size:
        raise UserError(
            f"the inputs have {rows.shape[1]} values each, the network takes {value.size}",
            "give inputs of the network's shape",
        )
    if not np.isfinite(rows).all():
        raise UserError("the inputs hold values that are not finite", "check the inputs file")
    stored: Int8Array = value.type.store(value.quantization.quantize(rows))
    return stored


def preprocess_inputs(values: npt.NDArray[np.float32], graph: Graph) -> Float32Array:
    """float32 [N, elements of all inputs] → the same after the model's own arithmetic on them.

    Raises:
        UserError: rows of another size.
    """
    rows: Float32Array = values.reshape(values.shape[0], -1)
    if rows.shape[1] != graph.input_size:
        raise UserError(
            f"the inputs have {rows.shape[1]} values each, the network takes {graph.input_size}",
            "give inputs of the network's shape",
        )
    if not any(graph.preprocessing):
        return rows
    parts, start = [], 0
    for index, value in enumerate(graph.inputs):
        part = rows[:, start : start + value.size].astype(np.float32, copy=False)
        shaped = part.reshape(len(part), *value.shape[1:])
        parts.append(apply(graph.arithmetic(index), shaped).reshape(len(part), -1))
        start += value.size
    return np.concatenate(parts, axis=1)


def quantize_inputs(values: npt.NDArray[np.float32], graph: Graph) -> Int8Array:
    """float32 [N, elements of all inputs] → int8 [N, bytes of all inputs].

    Raises:
        UserError: rows of another size, or numbers that are not finite.
    """
    rows = preprocess_inputs(values, graph)
    parts, start = [], 0
    for value in graph.inputs:
        parts.append(quantize(rows[:, start : start + value.size], value))
        start += value.size
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)


def split(values: tuple[Value, ...], rows: Array) -> dict[Value, Array]:
    """Rows of bytes [N, sum of bytes] → each value's elements [N, *shape[1:]]."""
    found, start = {}, 0
    for value in values:
        part = np.ascontiguousarray(rows[:, start : start + value.bytes])
        found[value] = value.type.load(part.view(value.dtype.numpy))
        start += value.bytes
    return found


def join(values: tuple[Value, ...], found: dict[Value, Array]) -> Int8Array:
    """The opposite of `split`."""
    parts = [
        value.type.store(found[value]).astype(value.dtype.numpy, copy=False).view(np.int8)
        for value in values
    ]
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)


def compute(op: Op, inputs: tuple[Array, ...]) -> tuple[Array, ...]:
    """The outputs of one operation, [N, *shape[1:]] each; of a fused one, one by one."""
    if op.operations == (op,):
        results = operator_of(op).reference(op, *inputs)
        results = results if isinstance(results, tuple) else (results,)
        return tuple(
            result.reshape(len(result), *value.shape[1:])
            for result, value in zip(results, op.outputs, strict=True)
        )
    known = dict(zip(op.inputs, inputs, strict=True))
    for fused in op.operations:
        results = compute(fused, tuple(known[value] for value in fused.inputs))
        known |= zip(fused.outputs, results, strict=True)
    return tuple(known[value] for value in op.outputs)


def operations(graph: Graph, inputs: Int8Array) -> Iterator[tuple[Op, tuple[Array, ...]]]:
    """Yield (operation, its outputs [N, *shape[1:]]) in order of execution.

    Args:
        inputs: int8 [N, bytes of all inputs].
    """
    known = split(graph.inputs, inputs)
    for op in graph.ops:
        results = compute(op, tuple(known[value] for value in op.inputs))
        known |= zip(op.outputs, results, strict=True)
        yield op, results


def all_values(graph: Graph, inputs: Int8Array) -> dict[Value, Array]:
    """Every value's elements [N, *shape[1:]]."""
    known = split(graph.inputs, inputs)
    for op, results in operations(graph, inputs):
        known |= zip(op.outputs, results, strict=True)
    return known


def run(graph: Graph, inputs: Int8Array) -> Int8Array:
    """int8 [N, bytes of all inputs] → int8 [N, bytes of all outputs]."""
    parts = []
    for start in range(0, len(inputs), _CHUNK):
        known = all_values(graph, inputs[start : start + _CHUNK])
        parts.append(join(graph.outputs, known))
    return np.concatenate(parts) if parts else np.zeros((0, graph.output_bytes), np.int8)
