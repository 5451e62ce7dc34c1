"""`monitor`: a serial terminal on the board's console, and the firmware started again to see it."""

from __future__ import annotations

import argparse
import sys
import threading
from pathlib import Path
from typing import Any

from device.boards import Board, read_board
from support.errors import UserError

# A debugger may hold the probe for hours; a terminal shall not wait for it.
_WAIT = 5.0


def register(commands: Any) -> None:
    """Add the parser of `monitor`."""
    parser = commands.add_parser(
        "monitor", help="serial terminal on the board's console; starts the firmware again"
    )
    parser.add_argument("--board", type=Path, required=True, help="board.toml")
    parser.add_argument("--port", help="serial port (default, and auto: the debug probe's)")
    parser.add_argument("--serial", help="serial number of the debug probe, when there are several")
    parser.add_argument("--baud", type=int, help="bits per second (default: the board's)")
    parser.add_argument("--programmer", help="tool that resets (default: the first that fits)")
    parser.add_argument(
        "--no-reset", action="store_true", help="listen to what runs, do not start it again"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="print what would be done, open nothing"
    )
    parser.add_argument("--model", action="store_true", help="the board is its model")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    from device.serial_port import find_port, open_port, terminal

    board = read_board(arguments.board)
    if board.console.kind != "serial":
        raise UserError(f"board {board.name} has no serial console", "`sim` shows its console")
    if arguments.model:
        raise UserError(
            "the board's model has no serial port",
            "`scons flash probe=model` and `scons reset probe=model` print its console",
        )
    if arguments.dry_run:
        _show(arguments, board)
        return
    name = _given(arguments) or find_port(board.console.usb_vendor, arguments.serial)
    with open_port(name, arguments.baud or board.console.baud) as port:
        # Beside the terminal: what the firmware says at once shall be read at once.
        chosen = (board, arguments.programmer, arguments.serial)
        restart = threading.Thread(target=_restart, args=chosen, daemon=True)
        terminal(port, (lambda: None) if arguments.no_reset else restart.start)


def _given(arguments: argparse.Namespace) -> str | None:
    """The port by its name; None: the debug probe's."""
    from device.serial_port import AUTOMATIC

    port: str | None = arguments.port
    return None if port == AUTOMATIC else port


def _show(arguments: argparse.Namespace, board: Board) -> None:
    """Print the port and the reset's command lines; neither a board nor a tool need be there."""
    from device.commands.probe import choose_for_show
    from device.steps import shown

    port = _given(arguments) or "the debug probe's serial port"
    print(f"open {port}, {arguments.baud or board.console.baud} bits per second")
    if not arguments.no_reset:
        for step in choose_for_show(board, arguments.programmer).reset(arguments.serial):
            print(shown(step))


def _restart(board: Board, programmer: str | None, serial: str | None) -> None:
    """Reset the board through its probe; when that fails, say what a person can do."""
    from device.probe_lock import probe_lock
    from device.programmers import choose
    from device.programmers.runner import run_quietly

    try:
        tool = choose(board, programmer)
        with probe_lock("monitor", _WAIT) as lock:
            run_quietly(tool, tool.reset(serial), lock)
    except UserError as error:
        button = board.console.reset_button
        press = f"press its reset button, {button}" if button else "press its reset button"
        print(f"note: the board was not reset ({error.message}): {press}", file=sys.stderr)
