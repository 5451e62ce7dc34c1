"""Compute the integer reference's outputs for quantized inputs."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from codegen.arrays import Array, read_arrays, write_arrays
from codegen.ops import computes
from codegen.reader.qdq import read_graph
from codegen.reference import layers, quantize
from codegen.reference import run as run_reference
from support.errors import UserError

# Layers' outputs beyond this many bytes would only fill the disk.
LAYERS_UP_TO = 64 << 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `reference`."""
    parser.add_argument("--model", type=Path, required=True, help="QDQ int8 ONNX file")
    parser.add_argument("--inputs", type=Path, required=True, help=".npz, int8 or float32 inputs")
    parser.add_argument("--out", type=Path, required=True, help="reference.npz")


def run(arguments: argparse.Namespace) -> None:
    """Write inputs, outputs, labels and (up to 64 MiB) every layer's output."""
    graph = read_graph(arguments.model)
    arrays = read_arrays(arguments.inputs)
    if "inputs" not in arrays:
        raise UserError(f"{arguments.inputs}: has no array 'inputs'")
    inputs = arrays["inputs"]
    if inputs.dtype != np.int8:
        inputs = quantize(inputs.astype(np.float32), graph.input)
    if inputs.ndim != 2 or inputs.shape[1] != graph.input.size:
        raise UserError(f"{arguments.inputs}: inputs of shape {list(inputs.shape)} do not fit")
    found: dict[str, Array] = {"inputs": inputs, "outputs": run_reference(graph, inputs)}
    if "labels" in arrays:
        found["labels"] = arrays["labels"]
    if len(inputs) * sum(node.output.size for node in graph.nodes) <= LAYERS_UP_TO:
        computed = [values for node, values in layers(graph, inputs) if computes(node)]
        found |= {f"layer_{i}": values for i, values in enumerate(computed)}
    write_arrays(arguments.out, found)
