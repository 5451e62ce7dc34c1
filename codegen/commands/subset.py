"""Choose test inputs, quantize them and write them as a C header."""

from __future__ import annotations

import argparse
from pathlib import Path

from codegen.arrays import read_arrays, write_arrays
from codegen.reader.qdq import read_graph
from codegen.subset import make_subset, render_header
from support.errors import UserError
from support.files import write_text


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `subset`."""
    parser.add_argument("--model", type=Path, required=True, help="QDQ int8 ONNX file")
    parser.add_argument("--inputs", type=Path, required=True, help="test.npz")
    parser.add_argument("--size", type=int, default=100, help="number of inputs; 0: one built in")
    parser.add_argument("--seed", type=int, default=1, help="seed of the choice")
    parser.add_argument("--out", type=Path, required=True, help="mnist_test_subset.h")
    parser.add_argument("--npz", type=Path, required=True, help="the same inputs for other tools")


def run(arguments: argparse.Namespace) -> None:
    """Write the header and the .npz."""
    graph = read_graph(arguments.model)
    arrays = read_arrays(arguments.inputs)
    if "inputs" not in arrays:
        raise UserError(f"{arguments.inputs}: has no array 'inputs'")
    subset = make_subset(graph, arrays, arguments.size, arguments.seed)
    header = render_header(graph, subset, arguments.size, arguments.seed)
    write_text(arguments.out, header)
    write_arrays(arguments.npz, subset)
