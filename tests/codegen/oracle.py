"""What a model computes according to others: onnxruntime, and exact rational arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime

from codegen.cut.opened import described
from codegen.ir.graph import Graph, Value
from codegen.ir.preprocessing import Arithmetic, undo
from codegen.reference import split
from model import layers

Int8Array = npt.NDArray[np.int8]


def stored_inputs(graph: Graph, seed: int = 1, count: int = 64) -> Int8Array:
    """int8 [count, bytes of all inputs]: seeded bytes, rows of both ends and of the zero point."""
    rows = np.random.default_rng(seed).integers(-128, 128, (count, graph.input_bytes))
    zeros = [np.full(value.size, value.quantization.zero_point) for value in graph.inputs]
    for row, values in enumerate([-128, 127, np.clip(np.concatenate(zeros), -128, 127)]):
        rows[row] = values
    return rows.astype(np.int8)


def onnxruntime_outputs(
    model: onnx.ModelProto | Path, graph: Graph, stored: Int8Array, *, unsigned: bool = False
) -> Int8Array:
    """int8 [N, output size] that onnxruntime gives, all graph optimizations off.

    Its default int8 kernels saturate 16-bit sums on x86-64 without VNNI: docs/numerics.md.

    Args:
        stored: int8 [N, bytes of all inputs], the inputs as the network stores them.
        unsigned: nodes compute in integers with uint8 tensors (QOperator). These saturate, too,
            unless the optimization is on that gives them uint8 weights.
    """
    options = onnxruntime.SessionOptions()
    level = onnxruntime.GraphOptimizationLevel
    options.graph_optimization_level = (
        level.ORT_ENABLE_EXTENDED if unsigned else level.ORT_DISABLE_ALL
    )
    if unsigned:
        options.add_session_config_entry("session.x64quantprecision", "1")
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    source = str(model) if isinstance(model, Path) else model.SerializeToString()
    session = onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    ends = list(zip(session.get_inputs(), graph.inputs, strict=True))
    parts = split(graph.inputs, stored)
    given = {
        end.name: as_given(end.type, value, parts[value], graph.arithmetic(index))
        for index, (end, value) in enumerate(ends)
    }
    shapes = {end.name: value.shape for end, value in ends}
    outputs: list[list[Any]] = [[] for _ in graph.outputs]
    for row in range(len(stored)):
        feeds = {name: rows[row].reshape(shapes[name]) for name, rows in given.items()}
        for made, result in zip(outputs, session.run(None, feeds), strict=True):
            made.append(result.reshape(-1))
    found = [
        value.type.store(as_stored(value, np.array(made))).view(np.int8)
        for value, made in zip(graph.outputs, outputs, strict=True)
    ]
    return np.concatenate(found, axis=1)


def as_given(
    kind: str, value: Value, stored: Int8Array, before: Sequence[Arithmetic] = ()
) -> npt.NDArray[np.generic]:
    """Stored bytes as an input of onnxruntime's type `kind` takes them.

    Args:
        before: the model's own arithmetic on the input.
    """
    quantization = value.quantization
    given = layers.as_given(kind, stored, float(quantization.scale), quantization.zero_point)
    return undo(before, given) if kind == "tensor(float)" else given


def as_stored(value: Value, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The opposite: what onnxruntime gives as the elements of `value`."""
    return layers.as_stored(values, described(value.name, value))


def exact_layer(
    stored: Int8Array,
    weights: Int8Array,
    bias: list[Fraction],
    scales: tuple[float, list[float], float],
    zero_points: tuple[int, int],
) -> tuple[Int8Array, npt.NDArray[np.float64]]:
    """A fully connected layer in rational numbers: QuantizeLinear(W DequantizeLinear(q) + b).

    Args:
        bias: real values.
        scales: of the input, of each row of weights, of the output.
        zero_points: of the input and the output.

    Returns:
        int8 [N, outputs], and how far each value was from the nearest tie between two bytes, in
        output steps (infinite where the value saturates far from any tie).
    """
    input_scale, weight_scales, output_scale = scales
    input_zero, output_zero = zero_points
    bytes_out = np.zeros((len(stored), len(weights)), np.int8)
    distance = np.full(bytes_out.shape, np.inf)
    sums = (stored.astype(np.int64) - input_zero) @ weights.T.astype(np.int64)
    for column, (weight_scale, offset) in enumerate(zip(weight_scales, bias, strict=True)):
        unit = Fraction(float(input_scale)) * Fraction(float(weight_scale))
        for row in range(len(stored)):
            value = (int(sums[row, column]) * unit + offset) / Fraction(float(output_scale))
            bytes_out[row, column] = min(max(round(value) + output_zero, -128), 127)
            if abs(value) < 1024:
                distance[row, column] = abs(abs(value - int(value)) - Fraction(1, 2))
    return bytes_out, distance
