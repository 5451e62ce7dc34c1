"""Make the test inputs of a network that comes without a data set."""

from __future__ import annotations

import argparse
from pathlib import Path

from codegen.arrays import write_arrays
from codegen.inputs import load_inputs, parse_normalize, random_inputs
from codegen.network import add_network_arguments, read_network


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `inputs`."""
    add_network_arguments(parser)
    parser.add_argument(
        "--from",
        dest="source",
        type=Path,
        help=".npy, .npz with 'inputs', or MNIST's t10k-images-idx3-ubyte",
    )
    parser.add_argument("--normalize", default="", help="mean,std applied to the inputs")
    parser.add_argument("--count", type=int, default=1000, help="how many random inputs")
    parser.add_argument("--seed", type=int, default=1, help="seed of the random inputs")
    parser.add_argument("--out", type=Path, required=True, help="test.npz")


def run(arguments: argparse.Namespace) -> None:
    """Write `inputs` float32 [N, input size] and, when given, `labels`."""
    graph = read_network(arguments)
    normalize = parse_normalize(arguments.normalize) if arguments.normalize else None
    if arguments.source:
        arrays = load_inputs(graph, arguments.source, normalize)
    else:
        arrays = random_inputs(graph, arguments.count, arguments.seed)
    write_arrays(arguments.out, arrays)
