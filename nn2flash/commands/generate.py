"""Write a network's C sources, its report and its manifest; no compiler is needed."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from codegen.outputs import LEGACY, TEMPLATES
from nn2flash import network


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `generate`."""
    network.add_arguments(parser)
    add_source_arguments(parser)
    parser.add_argument("--out-dir", type=Path, required=True, help="folder of the sources")


def add_source_arguments(parser: argparse.ArgumentParser) -> None:
    """How the sources are called; also those of `package`."""
    parser.add_argument("--name", default="network", help="prefix of files and C symbols")
    parser.add_argument(
        "--c-api", choices=tuple(TEMPLATES), default=LEGACY, help="C interface of the sources"
    )


def run(arguments: argparse.Namespace) -> None:
    """Write the sources, and say where the report is."""
    write_sources(arguments, arguments.out_dir)
    print(f"generate: {arguments.out_dir / arguments.name}_generate_report.txt tells what was made")


def write_sources(arguments: argparse.Namespace, folder: Path) -> None:
    """Read the network of the command line and write its sources into a folder.

    Raises:
        UserError: as `read_request`, and a name that is taken.
    """
    from codegen.generate import generate
    from codegen.names import check_name

    check_name(arguments.name)
    asked = network.read_request(arguments)
    for note in asked.graph.notes:
        print(f"note: {arguments.model}: {note}", file=sys.stderr)
    generate(
        asked.graph, arguments.name, folder, arguments.c_api, asked.kernels, target=asked.target
    )
