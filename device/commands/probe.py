"""`flash`, `erase` and `reset`: what is done to a board through its debug probe."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from device.boards import Board, Memory, read_board
from device.commands.connection import add_probe_options, connection
from device.programmers import Image, Programmer, choose
from device.programmers.runner import run_steps
from device.steps import Step, shown
from support.build_files import read_build_file
from support.errors import UserError


def register(commands: Any) -> None:
    """Add the parsers of `flash`, `erase` and `reset`."""
    flash = commands.add_parser("flash", help="write firmware to the board, verify it, start it")
    flash.add_argument(
        "--elf",
        type=Path,
        required=True,
        help="firmware; its .hex and .bin files (`images`) lie beside it",
    )
    flash.add_argument("--placement", type=Path, help="placement.json, for advice")
    flash.set_defaults(run=_flash)
    erase = commands.add_parser("erase", help="erase the chip's own flash")
    erase.set_defaults(run=_erase)
    reset = commands.add_parser("reset", help="start the board's firmware again")
    reset.set_defaults(run=_reset)
    reset.add_argument("--elf", type=Path, help="firmware on it, to see a model to its end")
    for parser in (flash, erase, reset):
        add_probe_options(parser)
        parser.add_argument(
            "--dry-run", action="store_true", help="print the command lines, run nothing"
        )


def _flash(arguments: argparse.Namespace) -> None:
    board = read_board(arguments.board)
    image = built_image(board, arguments.elf)
    if image.external and arguments.placement:
        _advise(image, arguments.placement)
    _do(arguments, board, image.memories, lambda tool: tool.flash(image, arguments.serial))


def _advise(image: Image, placement: Path) -> None:
    """A board that is flashed for the first time should need nothing but its chip."""
    count = read_build_file(placement, "placement").get("internal_subset", 0)
    if count:
        where = ", ".join(memory.name for memory in image.external)
        print(
            f"note: the test images lie in external flash ({where}); for a first try,"
            f" subset_size={count} needs the chip's own flash only",
            file=sys.stderr,
        )


def _erase(arguments: argparse.Namespace) -> None:
    _do(arguments, read_board(arguments.board), (), lambda tool: tool.erase(arguments.serial))


def _reset(arguments: argparse.Namespace) -> None:
    _do(arguments, read_board(arguments.board), (), lambda tool: tool.reset(arguments.serial))


def _do(
    arguments: argparse.Namespace,
    board: Board,
    memories: Sequence[Memory],
    steps: Callable[[Programmer], list[Step]],
) -> None:
    from device.elf import Elf

    if arguments.dry_run:
        tool = choose_for_show(board, arguments.programmer, memories, model=_model(arguments))
        for step in steps(tool):
            print(shown(step))
        return
    tool = choose(board, arguments.programmer, memories, model=_model(arguments))
    elf = getattr(arguments, "elf", None)
    finish = Elf(elf).address("board_finish") if elf and _model(arguments) else None
    with connection(arguments, board, finish) as probe:
        run_steps(tool, probe.steps(steps(tool)), probe.lock)
        print(f"{arguments.command}: done with {tool.name}", flush=True)


def _model(arguments: argparse.Namespace) -> bool:
    return arguments.model is not None


def choose_for_show(
    board: Board,
    wanted: str | None,
    memories: Sequence[Memory] = (),
    *,
    gdb: bool = False,
    model: bool = False,
) -> Programmer:
    """The programmer that would be used; when none is installed, the first that could be."""
    try:
        return choose(board, wanted, memories, gdb=gdb, model=model)
    except UserError:
        tool = choose(board, wanted, memories, installed=False, model=model)
        print(f"note: {tool.name} is not installed on this computer", file=sys.stderr)
        return tool


def built_image(board: Board, elf: Path) -> Image:
    """The flash images beside an ELF, checked to be made of it.

    Raises:
        UserError: one is missing or made of another ELF, or the ELF does not fit the board.
    """
    from device.board_mark import require_board
    from device.elf import Elf
    from device.images import intel_hex, raw_image
    from device.layout import check_layout

    program = Elf(elf)
    require_board(program, board)
    check_layout(program, board.memories)
    raw = {m.name: raw_image(program.segments, m) for m in board.memories if m.kind == "flash"}
    stored = [memory for memory in board.memories if raw.get(memory.name)]
    paths = {memory.name: elf.with_name(f"{elf.stem}-{memory.name}.bin") for memory in stored}
    hex_path = elf.with_suffix(".hex")
    content = intel_hex(program.segments, board.memories, program.entry | 1)
    _require(hex_path, content.encode("ascii"), elf)
    for name, path in paths.items():
        _require(path, raw[name], elf)
    return Image(hex_path, paths, tuple(stored))


def _require(path: Path, content: bytes, elf: Path) -> None:
    try:
        same = path.read_bytes() == content
    except FileNotFoundError:
        raise UserError(f"{path}: no such file", "build it (`images`)") from None
    if not same:
        raise UserError(f"{path}: was not made of {elf}", "build it again (`images`)")
