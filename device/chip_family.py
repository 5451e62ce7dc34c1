"""What the C code of a chip family needs of a board.toml: `firmware/chips/<family>/family.toml`.

`device.chip_data` reads the `[chip]` table; here its keys are held against the family's, before
anything is compiled.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection
from pathlib import Path
from typing import Any

from device.boards import Board
from device.schema import close_match
from support.errors import UserError
from support.places import ROOT

_CHIPS = ROOT / "firmware/chips"
_FILE = "family.toml"
_LEDS = "leds"


def check_family(board: Board, file: Path | None = None) -> None:
    """Refuse a `[chip]` table that misses a key of its family, or has one that nothing reads.

    Args:
        file: the family's; None: this program's own.

    Raises:
        UserError: naming the key, or a family that does not exist.
    """
    if not board.chip.family:
        return
    family = tomllib.loads((file or _file_of(board)).read_text(encoding="utf-8"))
    memories = family.get("memory", {})
    here = {memory.name for memory in board.memories}
    parts = [family["always"], *(part for name, part in memories.items() if name in here)]
    parts += [family[_LEDS]] if board.chip.leds else []
    unused = [*memories.values(), family[_LEDS]]
    for table, found in (("constants", board.chip.constants), ("pins", board.chip.pins)):
        needed = _names(parts, table)
        _require(board, table, found, needed)
        _refuse(board, table, found, {*needed, *_names(unused, table)})
    _refuse(board, _LEDS, board.chip.leds, family[_LEDS]["names"])


def _file_of(board: Board) -> Path:
    known = sorted(path.parent.name for path in _CHIPS.glob(f"*/{_FILE}"))
    if board.chip.family not in known:
        raise UserError(
            f"board {board.name}: [chip]: no family '{board.chip.family}'",
            close_match(board.chip.family, known),
        )
    return _CHIPS / board.chip.family / _FILE


def _names(parts: Collection[dict[str, Any]], table: str) -> list[str]:
    return [name for part in parts for name in part.get(table, [])]


def _require(board: Board, table: str, found: Collection[str], needed: Collection[str]) -> None:
    missing = [name for name in needed if name not in found]
    if missing:
        raise UserError(
            f"board {board.name}: [chip.{table}]: missing key{'s' * (len(missing) > 1)}"
            f" {', '.join(missing)}, which family {board.chip.family} needs",
            "docs/add-a-board.md tells what they are",
        )


def _refuse(board: Board, table: str, found: Collection[str], known: Collection[str]) -> None:
    for name in found:
        if name not in known:
            raise UserError(
                f"board {board.name}: [chip.{table}]: unknown key '{name}'",
                close_match(name, known),
            )
