"""`size`: check an ELF against its board's memories and print the memory table."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from device.boards import read_memories
from support.errors import UserError
from support.files import BUILD_AGAIN, read_json, write_json, write_plain


def register(commands: Any) -> None:
    """Add the parser of `size`."""
    parser = commands.add_parser("size", help="check that an ELF fits its board, show its memories")
    parser.add_argument("--elf", type=Path, required=True, help="linked firmware")
    parser.add_argument("--memories", type=Path, required=True, help="memories.json of the board")
    parser.add_argument("--placement", type=Path, help="placement.json: what was put where and why")
    parser.add_argument("--manifest", type=Path, help="<name>_manifest.json: kernels of the layers")
    parser.add_argument(
        "--out", type=Path, help="text file to write; without it, the table is printed"
    )
    parser.add_argument("--json", type=Path, help="JSON file to write")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    from device.elf import Elf
    from device.layout import check_layout
    from device.memory_table import as_json, as_text, objects, regions, summary

    memories = read_memories(arguments.memories)
    placement = _rows(arguments.placement, "objects", {}, ("run", "load", "bytes", "why"))
    layers = _rows(arguments.manifest, "layers", [], ("name", "op", "kernel", "why"))
    elf = Elf(arguments.elf)
    check_layout(elf, memories)
    table = regions(elf, memories)
    placement = objects(elf, placement)
    text = as_text(table, placement, layers)
    if arguments.out:
        print(summary(arguments.elf, table))
    else:
        print(text, end="")
    if arguments.out:
        write_plain(arguments.out, text)
    if arguments.json:
        write_json(arguments.json, as_json(table, placement, layers))


def _rows(path: Path | None, key: str, empty: Any, columns: tuple[str, ...]) -> Any:
    """`key` of a JSON file; rows (values of an object, or elements) must have all `columns`."""
    if path is None:
        return empty
    content = read_json(path)
    found: Any = content.get(key, empty) if isinstance(content, dict) else None
    valid = isinstance(found, type(empty))
    if valid:
        rows = list(found.values() if isinstance(found, dict) else found)
        valid = all(isinstance(row, dict) and row.keys() >= set(columns) for row in rows)
    if not valid:
        raise UserError(
            f"{path}: '{key}' is not as expected (rows with {', '.join(columns)})",
            BUILD_AGAIN,
        )
    return found
