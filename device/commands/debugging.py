"""`debugging`: what the files of an IDE must know of a board, of its relatives, and of gdb here."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path
from typing import Any

from device.boards import Board, read_board
from device.gdb import find_gdb
from support.errors import UserError
from support.files import write_json

# ST's tools bring this one along; it is named when this computer has no gdb at all.
_USUAL_GDB = "arm-none-eabi-gdb"


def register(commands: Any) -> None:
    """Add the parser of `debugging`."""
    parser = commands.add_parser(
        "debugging", help="write what IDEs need to know of a board: programmers, gdb, QEMU"
    )
    parser.add_argument("--board", type=Path, required=True, help="board.toml to read")
    parser.add_argument("--out", type=Path, required=True, help="debugging.json to write")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    board = read_board(arguments.board)
    beside = map(read_board, sorted(arguments.board.parent.parent.glob("*/board.toml")))
    relatives = [other for other in beside if other.cpu.core == board.cpu.core]
    write_json(
        arguments.out,
        {
            "board": {"name": board.name, "title": board.title},
            "gdb": _gdb_name(),
            # A list: their order is the board's order of preference.
            "programmers": [{"name": n, **keys} for n, keys in board.programmers.items()],
            "qemu": [entry for other in relatives if (entry := _qemu(other))],
        },
    )


def _gdb_name() -> str:
    """gdb as a user would type it: its path only where PATH does not lead to it."""
    try:
        found = find_gdb()
    except UserError:
        return _USUAL_GDB
    name = Path(found).name
    return name if shutil.which(name) == found else found


def _qemu(board: Board) -> dict[str, str] | None:
    """The board as QEMU knows it, or None when QEMU does not."""
    from device.emulators.qemu import machine

    names = machine(board)
    return {"board": board.name, "machine": names[0], "cpu": names[1]} if names else None
