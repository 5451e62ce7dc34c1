"""`code-sizes`: write what kernels take, for one core and compiler, into the table of all."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from support.build_files import read_build_file
from support.files import write_json

# Of the objects of a firmware, those in a folder of this name are kernels.
FOLDER = "kernels"


def register(commands: Any) -> None:
    """Add the parser of `code-sizes`."""
    parser = commands.add_parser("code-sizes", help="measure kernels, for placement's table")
    parser.add_argument("--board", type=Path, required=True, help="board.toml")
    parser.add_argument("--cc", required=True, help="the compiler")
    parser.add_argument("--compiler", type=int, required=True, help="its major version")
    parser.add_argument("--table", type=Path, required=True, help="JSON that gets the row")
    parser.add_argument("objects", type=Path, nargs="+", help="all objects of a firmware")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    from device.boards import read_board
    from device.code_sizes import measure

    cpu = read_board(arguments.board).cpu
    kernels = [path for path in arguments.objects if path.parent.name == FOLDER]
    others = [path for path in arguments.objects if path.parent.name != FOLDER]
    row = measure(arguments.cc, cpu.flags, kernels, others)
    identity = {"compiler": arguments.compiler, "core": cpu.core, "fpu": cpu.fpu}
    identity["float_abi"] = cpu.float_abi
    rows = [
        each
        for each in (
            read_build_file(arguments.table, "code_sizes") if arguments.table.exists() else []
        )
        if {key: each[key] for key in identity} != identity
    ]
    rows.append({**identity, **row})
    write_json(arguments.table, sorted(rows, key=lambda each: [str(each[k]) for k in identity]))
    total = sum(row["kernels"].values())
    print(
        f"{arguments.table}: {cpu.core}, {cpu.fpu}, compiler {arguments.compiler}: {total:,} bytes"
        f" in {len(kernels)} kernels, {row['libgcc']:,} of libgcc"
    )
