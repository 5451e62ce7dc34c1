"""The network that a command is about: its file, or the manifest of vendor code."""

from __future__ import annotations

import argparse
from pathlib import Path

from codegen.ir.graph import Graph


def add_network_arguments(parser: argparse.ArgumentParser) -> None:
    """Add `--model` and `--manifest`, of which one must be given."""
    given = parser.add_mutually_exclusive_group(required=True)
    given.add_argument("--model", type=Path, help="QDQ int8 ONNX or int8 .tflite file")
    given.add_argument(
        "--manifest", type=Path, help="manifest of a network without a file of its own"
    )


def read_network(arguments: argparse.Namespace) -> Graph:
    """The network; from a manifest only its input and output are known.

    Raises:
        UserError: a file that is missing or is not what it should be.
    """
    if arguments.model:
        from codegen.reader.qdq import read_graph

        return read_graph(arguments.model)
    from codegen.opaque import read_opaque

    return read_opaque(arguments.manifest)
