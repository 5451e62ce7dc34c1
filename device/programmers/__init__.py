"""Programmers, one tool per file, and the choice among them."""

from __future__ import annotations

from collections.abc import Sequence

from device.boards import Board, Memory
from device.programmers.base import Image, Programmer
from device.programmers.openocd import OpenOcd
from device.programmers.pyocd import PyOcd
from device.programmers.st_flash import StFlash
from device.programmers.stm32cubeprogrammer import Stm32CubeProgrammer
from device.schema import close_match
from support.errors import UserError

__all__ = ["Image", "Programmer", "check_settings", "choose"]

_PROGRAMMERS: dict[str, type[Programmer]] = {
    tool.name: tool for tool in (Stm32CubeProgrammer, OpenOcd, PyOcd, StFlash)
}


def check_settings(board: Board) -> None:
    """Check the `[programmers]` tables of a board.

    Raises:
        UserError: an unknown tool, or a missing or unknown key.
    """
    for name, settings in board.programmers.items():
        if name not in _PROGRAMMERS:
            remedy = close_match(name, _PROGRAMMERS)
            raise UserError(f"board {board.name}: unknown programmer '{name}'", remedy)
        tool = _PROGRAMMERS[name]
        where = f"board {board.name}: [programmers.{name}]"
        for key in sorted(tool.required - settings.keys()):
            raise UserError(f"{where}: missing key '{key}'")
        for key in sorted(settings.keys() - tool.required - tool.optional):
            known = tool.required | tool.optional
            raise UserError(f"{where}: unknown key '{key}'", close_match(key, known))


def choose(
    board: Board,
    wanted: str | None = None,
    memories: Sequence[Memory] = (),
    *,
    installed: bool = True,
    gdb: bool = False,
    model: bool = False,
) -> Programmer:
    """The programmer to use.

    Args:
        wanted: a name, or None for the first of the board's list that is installed and fits.
        memories: what must be written.
        installed: False to take one that is not there (to print what it would run).
        gdb: it must serve gdb.
        model: it must reach the board's model.

    Raises:
        UserError: the board has none, the wanted one is unknown, missing or cannot write one of
            the memories, or none fits; the message says why for each.
    """
    check_settings(board)
    if not board.programmers:
        raise UserError(f"board {board.name} has no programmers", "use `sim` to run its firmware")
    names = list(board.programmers)
    if wanted is not None:
        if wanted not in names:
            remedy = close_match(wanted, names)
            raise UserError(f"board {board.name}: no programmer '{wanted}'", remedy)
        names = [wanted]
    reasons = []
    for name in names:
        tool = _found(name, board)
        reason = _objection(tool, memories, installed, gdb, model)
        if not reason:
            return tool
        reasons.append(f"{tool.name}: {reason}")
    able = [
        tool
        for tool in (_found(name, board) for name in board.programmers)
        if not _objection(tool, memories, False, gdb, model)
    ]
    here = [tool for tool in able if not _objection(tool, memories, True, gdb, model)]
    raise UserError("no programmer fits: " + "; ".join(reasons), _remedy(able, here))


def _found(name: str, board: Board) -> Programmer:
    """A programmer of a board, with its place on this computer."""
    tool = _PROGRAMMERS[name]
    return tool(board, tool.find())


def _objection(
    tool: Programmer, memories: Sequence[Memory], installed: bool, gdb: bool, model: bool
) -> str:
    """Why a tool cannot do what `choose` is asked for; "" when it can."""
    if model and not tool.reaches_model:
        return "cannot reach the model"
    blocked = [memory.name for memory in memories if not tool.can_write(memory)]
    if blocked:
        return f"cannot write external flash ({', '.join(blocked)})"
    if installed and tool.path is None:
        return "not installed"
    return tool.missing_gdb_server() if installed and gdb else ""


def _remedy(able: Sequence[Programmer], here: Sequence[Programmer]) -> str:
    """What to do.

    Args:
        able: those of the board's programmers that could do it, were they installed.
        here: those that can on this computer, as it is.
    """
    if not able:
        return "build an image for the chip's own flash only"
    if here:
        return f"programmer={here[0].name}, which is installed here, can"
    return "install one: " + "; or ".join(f"{tool.name}: {tool.install}" for tool in able)
