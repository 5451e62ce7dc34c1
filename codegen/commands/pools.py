"""Write the board's memories as ST's tool wants to hear of them: its memory pools."""

from __future__ import annotations

import argparse
from pathlib import Path

from codegen.xcube.pools import memory_pools
from support.files import read_json, write_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `pools`."""
    parser.add_argument("--memories", type=Path, required=True, help="the board's memories.json")
    parser.add_argument("--out", type=Path, required=True, help="mempools.json")


def run(arguments: argparse.Namespace) -> None:
    """Write the pools."""
    write_json(arguments.out, memory_pools(read_json(arguments.memories)))
