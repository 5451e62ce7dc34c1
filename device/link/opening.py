"""The way to a board: its serial port, or the emulator that stands for it."""

from __future__ import annotations

from pathlib import Path

from device.board_mark import require_board
from device.boards import Board
from device.elf import Elf
from device.emulators import emulator
from device.link.process import ProcessTransport
from device.link.serial_link import SerialTransport
from device.link.transport import Transport
from device.serial_port import AUTOMATIC, find_port
from device.vendor import refuse_on_emulator
from support.errors import UserError


def open_transport(board: Board, elf: Path | None, port: str | None = None) -> Transport:
    """Open the way to a target.

    Args:
        elf: firmware for the emulator; not looked at with a port.
        port: serial port, "auto" for that of the board's debug probe, or None for the emulator.

    Raises:
        UserError: no such port, or no emulator, or it cannot be started.
    """
    if port:
        if board.console.kind != "serial":
            raise UserError(
                f"board {board.name} has no serial port", "name the board with board=, or no port="
            )
        name = find_port(board.console.usb_vendor) if port == AUTOMATIC else port
        return SerialTransport(name, board.console.baud)
    if elf is None:
        raise UserError("neither firmware for an emulator nor a serial port was given")
    if board.cpu.core != "native":
        refuse_on_emulator(elf)
        require_board(Elf(elf), board)
    command = emulator(board.emulator).console_command(board, elf)
    return ProcessTransport(command, board.title if "QEMU" in board.title else board.name)
