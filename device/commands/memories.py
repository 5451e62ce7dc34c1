"""`memories`: board.toml, checked, as the JSON that placement and linking read."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from device.boards import read_board
from support.files import write_json


def register(commands: Any) -> None:
    """Add the parser of `memories`."""
    parser = commands.add_parser("memories", help="check a board.toml and write memories.json")
    parser.add_argument("--board", type=Path, required=True, help="board.toml to read")
    parser.add_argument("--out", type=Path, required=True, help="memories.json to write")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    write_json(arguments.out, read_board(arguments.board).to_json())
