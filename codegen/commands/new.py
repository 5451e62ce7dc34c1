"""Begin a project of one's own outside this repository, from one of its examples."""

from __future__ import annotations

import argparse
from pathlib import Path

from codegen.project import begin, told


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `new`."""
    parser.add_argument("--example", required=True, help="name of a folder of examples/")
    parser.add_argument("--board", required=True, help="that it builds for by default")
    parser.add_argument("--out-dir", type=Path, required=True, help="folder to write, new or empty")


def run(arguments: argparse.Namespace) -> None:
    """Write the project, and say what to do in it."""
    names = begin(arguments.example, arguments.out_dir, arguments.board)
    print("\n".join(told(arguments.out_dir, names)))
