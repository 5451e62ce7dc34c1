"""`monitor`: a serial terminal on the board's console."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from device.boards import read_board
from support.errors import UserError


def register(commands: Any) -> None:
    """Add the parser of `monitor`."""
    parser = commands.add_parser("monitor", help="serial terminal on the board's console")
    parser.add_argument("--board", type=Path, required=True, help="board.toml")
    parser.add_argument("--port", help="serial port (default: the debug probe's)")
    parser.add_argument("--serial", help="serial number of the debug probe, when there are several")
    parser.add_argument("--baud", type=int, help="bits per second (default: the board's)")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    from device.serial_port import find_port, open_port, terminal

    board = read_board(arguments.board)
    if board.console.kind != "serial":
        raise UserError(f"board {board.name} has no serial console", "`sim` shows its console")
    name = arguments.port or find_port(board.console.usb_vendor, arguments.serial)
    with open_port(name, arguments.baud or board.console.baud) as port:
        terminal(port)
