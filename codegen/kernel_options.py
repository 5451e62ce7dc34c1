"""What commands ask about kernels, and the network that is read with the answers."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from codegen.kernels.wanted import WANTED, Kernels
from support.bytes import byte_count

if TYPE_CHECKING:
    from codegen.ir.graph import Graph
    from codegen.reader.survey import Survey


def add_kernel_arguments(parser: argparse.ArgumentParser) -> None:
    """Which kernels, what they are chosen by, how much memory their tables and code may have."""
    parser.add_argument(
        "--kernels",
        choices=WANTED,
        default="auto",
        help="small: RAM before speed; portable: plain C; dense, sparse: fully connected layers",
    )
    parser.add_argument(
        "--table-memory",
        type=byte_count,
        default=0,
        help="bytes of RAM for tables of expanded weights, made at init: 49152, 48K (default: 0)",
    )
    parser.add_argument(
        "--code-memory",
        type=byte_count,
        help="bytes of code that convolutions may have generated for themselves (default: any)",
    )
    parser.add_argument(
        "--calibration", type=Path, help=".npz of typical inputs, to choose kernels by"
    )


def read_with_kernels(
    arguments: argparse.Namespace, survey: Survey | None = None
) -> tuple[Graph, Kernels]:
    """The network of `--model`, and its kernels as the command line wants them.

    Args:
        survey: notes nodes that cannot be read, instead of an end at the first.

    Raises:
        UnsupportedNodes: the survey has found such nodes.
        UserError: a model that cannot be read, or no calibration file.
    """
    from codegen.reader.normalization import with_normalization
    from codegen.reader.qdq import read_graph
    from codegen.typical import typical_inputs

    graph = with_normalization(read_graph(arguments.model, survey), arguments.calibration)
    typical = typical_inputs(graph, arguments.calibration)
    return graph, Kernels(arguments.kernels, typical, arguments.table_memory, arguments.code_memory)
