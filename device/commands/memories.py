"""`memories`: board.toml, checked, as the JSON that placement and linking read."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from device.boards import read_board
from device.chip_family import check_family
from support.files import write_json


def register(commands: Any) -> None:
    """Add the parser of `memories`."""
    parser = commands.add_parser("memories", help="check a board.toml and write memories.json")
    parser.add_argument("--board", type=Path, required=True, help="board.toml to read")
    parser.add_argument(
        "--family", type=Path, help="family.toml of its chip (default: this program's own)"
    )
    parser.add_argument("--out", type=Path, required=True, help="memories.json to write")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    board = read_board(arguments.board)
    check_family(board, arguments.family)
    write_json(arguments.out, board.to_json())
