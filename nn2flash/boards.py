"""The boards that there are: those that come with the program, and folders of the user's."""

from __future__ import annotations

from pathlib import Path

from device.boards import Board, read_board
from device.schema import close_match
from support.errors import UserError
from support.places import ROOT

FOLDER = ROOT / "firmware" / "boards"
FILE = "board.toml"


def names() -> list[str]:
    """The boards that come with the program, sorted."""
    return sorted(path.parent.name for path in FOLDER.glob(f"*/{FILE}"))


def board_named(text: str) -> Board:
    """A board by its name, by its folder or by its board.toml.

    Raises:
        UserError: there is none, or its board.toml is wrong.
    """
    if text in names():
        return read_board(FOLDER / text / FILE)
    path = Path(text)
    if path.is_dir() and (path / FILE).is_file():
        return read_board(path / FILE)
    if path.name == FILE and path.is_file():
        return read_board(path)
    raise UserError(
        f"no board '{text}'", f"{close_match(text, names())}; or give the folder of a {FILE}"
    )
