"""Compute the integer reference's outputs for quantized inputs."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from codegen.arrays import Array, read_arrays, write_arrays
from codegen.input_range import add_strict, check_range
from codegen.inputs import by_name, check_inputs, stored_targets
from codegen.ops import computes
from codegen.reader.qdq import read_graph
from codegen.reference import operations, quantize_inputs
from codegen.reference import run as run_reference
from support.described import CLASS_NAMES, TARGETS, UNITS
from support.errors import UserError

# Layers' outputs beyond this many bytes would only fill the disk.
LAYERS_UP_TO = 64 << 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `reference`."""
    parser.add_argument(
        "--model", type=Path, required=True, help="QDQ int8 ONNX or int8 .tflite file"
    )
    parser.add_argument("--inputs", type=Path, required=True, help=".npz, int8 or float32 inputs")
    add_strict(parser)
    parser.add_argument("--out", type=Path, required=True, help="reference.npz")


def run(arguments: argparse.Namespace) -> None:
    """Write inputs, outputs, labels and (up to 64 MiB) every layer's output."""
    graph = read_graph(arguments.model)
    given = by_name(graph, read_arrays(arguments.inputs))
    arrays = check_inputs(given, arguments.inputs, graph.input_size)
    inputs = arrays["inputs"]
    if inputs.dtype.kind == "f":
        check_range(inputs, graph, arguments.inputs, strict=arguments.strict)
        inputs = quantize_inputs(inputs.astype(np.float32), graph)
    elif inputs.dtype != np.int8:
        raise UserError(
            f"{arguments.inputs}: inputs of type {inputs.dtype}", "give int8 bytes or floats"
        )
    found: dict[str, Array] = {"inputs": inputs, "outputs": run_reference(graph, inputs)}
    if "labels" in arrays and graph.gives_scores:
        found["labels"] = arrays["labels"]
    targets = stored_targets(graph, arrays, arguments.inputs)
    if targets is not None:
        found[TARGETS] = targets
    found |= {key: arrays[key] for key in (CLASS_NAMES, UNITS) if key in arrays}
    if len(inputs) * sum(value.bytes for op in graph.ops for value in op.outputs) <= LAYERS_UP_TO:
        computed = [
            _bytes(op.outputs[0].type.store(results[0]))
            for op, results in operations(graph, inputs)
            if computes(op)
        ]
        found |= {f"layer_{i}": values for i, values in enumerate(computed)}
    write_arrays(arguments.out, found)


def _bytes(values: Array) -> Array:
    """int8 [N, bytes]: elements of any type as they lie in memory, little-endian."""
    rows = np.ascontiguousarray(values.reshape(len(values), -1))
    stored: Array = rows.astype(rows.dtype.newbyteorder("<"), copy=False).view(np.int8)
    return stored
