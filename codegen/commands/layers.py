"""Cut a network open at each quantized tensor, with the reference's bytes of every layer."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from codegen.arrays import read_arrays, write_arrays
from codegen.cut.opened import open_network
from codegen.inputs import by_name, check_inputs
from codegen.reader.qdq import read_graph
from codegen.reference import quantize_inputs
from support.errors import UserError
from support.files import write_json

COUNT = 32
"""Inputs that are compared by default."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `layers`."""
    parser.add_argument(
        "--model", type=Path, required=True, help="QDQ int8 ONNX or int8 .tflite file"
    )
    parser.add_argument("--inputs", type=Path, required=True, help=".npz, int8 or float32 inputs")
    parser.add_argument(
        "--count", type=int, default=COUNT, help="inputs, evenly spread (default: %(default)s)"
    )
    parser.add_argument("--out", type=Path, required=True, help="layers.json")
    parser.add_argument("--npz", type=Path, required=True, help="layers.npz")


def run(arguments: argparse.Namespace) -> None:
    """Write the record and its arrays: what `python -m model layers` compares."""
    if arguments.count < 1:
        raise UserError(f"--count {arguments.count}: nothing to compare", "give 1 or more")
    graph = read_graph(arguments.model)
    given = by_name(graph, read_arrays(arguments.inputs))
    inputs = check_inputs(given, arguments.inputs, graph.input_size)["inputs"]
    chosen = np.unique(np.linspace(0, len(inputs) - 1, arguments.count).astype(int))
    inputs = inputs[chosen]
    if inputs.dtype.kind == "f":
        inputs = quantize_inputs(inputs.astype(np.float32), graph)
    elif inputs.dtype != np.int8:
        raise UserError(
            f"{arguments.inputs}: inputs of type {inputs.dtype}", "give int8 bytes or floats"
        )
    opened = open_network(arguments.model, inputs)
    write_arrays(arguments.npz, opened.arrays)
    write_json(arguments.out, opened.cut.to_json())
