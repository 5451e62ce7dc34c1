"""`images`: the ELF as Intel HEX and as one raw image per memory."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from device.boards import read_memories
from device.schema import close_match
from support.errors import UserError
from support.files import write_bytes, write_text


def register(commands: Any) -> None:
    """Add the parser of `images`."""
    parser = commands.add_parser("images", help="write .hex and .bin files of an ELF")
    parser.add_argument("--elf", type=Path, required=True, help="linked firmware")
    parser.add_argument("--memories", type=Path, required=True, help="memories.json of the board")
    parser.add_argument("--hex", type=Path, help="Intel HEX file to write")
    parser.add_argument(
        "--bin",
        type=_memory_path,
        action="append",
        default=[],
        metavar="MEMORY=PATH",
        help="raw image of a memory; an empty file when nothing is stored there",
    )
    parser.set_defaults(run=_run)


def _memory_path(text: str) -> tuple[str, Path]:
    name, equals, path = text.partition("=")
    if not equals or not name or not path:
        raise argparse.ArgumentTypeError(f"'{text}' is not MEMORY=PATH")
    return name, Path(path)


def _run(arguments: argparse.Namespace) -> None:
    from device.elf import Elf
    from device.images import intel_hex, raw_image
    from device.layout import check_layout

    memories = {memory.name: memory for memory in read_memories(arguments.memories)}
    for name, _ in arguments.bin:
        if name not in memories:
            raise UserError(f"--bin: no memory '{name}'", close_match(name, memories))
    elf = Elf(arguments.elf)
    check_layout(elf, list(memories.values()))
    if arguments.hex:
        write_text(arguments.hex, intel_hex(elf.segments, memories.values(), elf.entry | 1))
    for name, path in arguments.bin:
        write_bytes(path, raw_image(elf.segments, memories[name]))
