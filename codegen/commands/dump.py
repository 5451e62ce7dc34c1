"""Show what the generator makes of a network, step by step, and draw it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from codegen.commands.generate import add_network_arguments


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `dump`."""
    add_network_arguments(parser)
    parser.add_argument("--out-dir", type=Path, required=True, help="folder of what is shown")


def run(arguments: argparse.Namespace) -> int:
    """Write the graph after each pass, kernels' costs, lifetimes and memory map, and a drawing."""
    from codegen.commands.generate import read_network
    from codegen.dump import dump

    if arguments.model is None:
        print("codegen dump: error: --model is required", file=sys.stderr)
        return 2
    dump(*read_network(arguments), arguments.out_dir)
    return 0
