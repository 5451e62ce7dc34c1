"""Choose test inputs, quantize them and write them as a C header."""

from __future__ import annotations

import argparse
from pathlib import Path

from codegen.arrays import read_arrays, write_arrays
from codegen.input_range import add_strict, check_range
from codegen.inputs import check_inputs, stored_targets
from codegen.network import add_network_arguments, read_network
from codegen.subset import NAME, make_subset, render_header
from support.described import TARGETS
from support.errors import UserError
from support.files import write_text


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `subset`."""
    add_network_arguments(parser)
    parser.add_argument("--inputs", type=Path, required=True, help="test.npz")
    parser.add_argument("--size", type=int, default=100, help="number of inputs; 0: one built in")
    parser.add_argument(
        "--at-most", action="store_true", help="take all inputs where there are fewer than --size"
    )
    parser.add_argument("--seed", type=int, default=1, help="seed of the choice")
    add_strict(parser)
    parser.add_argument(
        "--name", default=NAME, help="of the header and its symbols (default: %(default)s)"
    )
    parser.add_argument("--out", type=Path, required=True, help="the header to write")
    parser.add_argument("--npz", type=Path, required=True, help="the same inputs for other tools")


def run(arguments: argparse.Namespace) -> None:
    """Write the header and the .npz."""
    graph = read_network(arguments)
    arrays = check_inputs(read_arrays(arguments.inputs), arguments.inputs, graph.input_size)
    if arrays["inputs"].dtype.kind != "f":
        raise UserError(
            f"{arguments.inputs}: inputs of type {arrays['inputs'].dtype}, not normalized floats",
            "make them with `python -m codegen inputs`",
        )
    targets = stored_targets(graph, arrays, arguments.inputs)
    if targets is not None:
        arrays[TARGETS] = targets
    size, there = arguments.size, len(arrays["inputs"])
    if arguments.at_most and size > there:
        size = there
        print(f"subset: all {there} test inputs, fewer than subset_size={arguments.size}")
    subset = make_subset(graph, arrays, size, arguments.seed)
    chosen = arrays["inputs"][subset["indices"]]
    check_range(chosen, graph, arguments.inputs, strict=arguments.strict)
    header = render_header(graph, subset, size, arguments.seed, arguments.name)
    write_text(arguments.out, header)
    write_arrays(arguments.npz, subset)
