"""`seal`: write into a linked ELF what its external flash must hold."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from device.boards import read_memories
from support.files import write_bytes


def register(commands: Any) -> None:
    """Add the parser of `seal`."""
    parser = commands.add_parser("seal", help="write the checksums of external flash into an ELF")
    parser.add_argument("--elf", type=Path, required=True, help="linked firmware, changed in place")
    parser.add_argument("--memories", type=Path, required=True, help="memories.json of the board")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    from device.elf import Elf
    from device.seal import seals

    elf = Elf(arguments.elf)
    changes = seals(elf, read_memories(arguments.memories))
    if changes:
        mode = arguments.elf.stat().st_mode
        write_bytes(arguments.elf, elf.patched(changes))
        arguments.elf.chmod(mode)
