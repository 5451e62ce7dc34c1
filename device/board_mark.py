"""Which board firmware was linked for: the linker script leaves a symbol named after it."""

from __future__ import annotations

from device.boards import Board
from device.elf import Elf
from support.errors import UserError

# templates/board/firmware.ld.j2
_MARK = "__nn_board_"


def require_board(elf: Elf, board: Board) -> None:
    """Refuse firmware of another board; what was linked by a host's own script is not marked.

    Raises:
        UserError: naming both boards.
    """
    marks = [s.name.removeprefix(_MARK) for s in elf.symbols if s.name.startswith(_MARK)]
    if marks and board.name not in marks:
        raise UserError(
            f"{elf.path}: is firmware of board {marks[0]}, not of {board.name}",
            "name the board that it was built for",
        )
