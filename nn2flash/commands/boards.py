"""List the boards that there are: processor, memories, and what runs their firmware here."""

from __future__ import annotations

import argparse

from device.boards import Board
from nn2flash.boards import board_named, names
from support.plain import print_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `boards`."""
    parser.add_argument("board", nargs="*", help="names or folders; default: all that come along")
    parser.add_argument("--json", action="store_true", help="as memories.json has them, a list")


def run(arguments: argparse.Namespace) -> None:
    """Print them."""
    boards = [board_named(text) for text in arguments.board or names()]
    if arguments.json:
        print_json([board.to_json() for board in boards], sort_keys=True)
    else:
        print("\n\n".join(map(_told, boards)))


def _told(board: Board) -> str:
    fpu = "" if board.cpu.fpu == "none" else f", FPU {board.cpu.fpu}"
    lines = [f"{board.name}: {board.title}", f"  {board.cpu.core}{fpu}"]
    for memory in board.memories:
        notes = [memory.kind, memory.access]
        notes += [text for text, true in _traits(memory.zero_wait, memory.external) if true]
        size = f"{memory.length / 1024:,.0f} KiB"
        lines.append(f"  {memory.name:<12}{size:>12}  {', '.join(notes)}")
    lines.append(f"  runs here on: {board.emulator or 'nothing'}")
    return "\n".join(lines)


def _traits(zero_wait: bool, external: bool) -> tuple[tuple[str, bool], ...]:
    return ("no wait states", zero_wait), ("outside the chip", external)
