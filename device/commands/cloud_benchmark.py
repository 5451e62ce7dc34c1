"""`cloud-benchmark`: measure the network on a real board of ST's farm."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from device.boards import read_board
from device.commands.cloud_options import add_order_options, check_outputs_of, connect, order_of
from support.files import write_json
from support.output_file import OutputFile


def register(commands: Any) -> None:
    """Add the parser of `cloud-benchmark`."""
    parser = commands.add_parser("cloud-benchmark", help="measure on a board of ST's farm")
    add_order_options(parser)
    parser.add_argument("--board", type=Path, required=True, help="board.toml")
    parser.add_argument(
        "--farm-board", default="", help="its name in the farm (default: the title)"
    )
    parser.add_argument("--json", type=Path, required=True, help="write the measurement here")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    from device.cloud.benchmark import as_text, benchmark
    from device.cloud.runs import Patience, is_run, run_file

    board = arguments.farm_board or read_board(arguments.board).title
    record = run_file(arguments.json)
    check_outputs_of(
        arguments, OutputFile("--json", arguments.json), OutputFile("--json", record, is_run)
    )
    measured = benchmark(connect(), order_of(arguments), board, record, Patience())
    write_json(arguments.json, measured)
    print(as_text(measured), end="")
