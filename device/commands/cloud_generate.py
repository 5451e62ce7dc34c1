"""`cloud-generate`: C code, headers and library from ST's Developer Cloud, as a zip."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from device.commands.cloud_options import add_order_options, check_outputs_of, connect, order_of
from support.output_file import OutputFile


def register(commands: Any) -> None:
    """Add the parser of `cloud-generate`."""
    parser = commands.add_parser("cloud-generate", help="generate in ST's cloud, download the zip")
    add_order_options(parser)
    parser.add_argument("--out", type=Path, required=True, help="zip to write; FILE.json beside it")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    from device.cloud.generate import generate, is_record
    from device.cloud.runs import Patience, is_run, run_file

    out: Path = arguments.out
    check_outputs_of(
        arguments,
        OutputFile("--out", out),
        OutputFile("--out", out.with_suffix(".json"), is_record),
        OutputFile("--out", run_file(out), is_run),
    )
    record = generate(connect, order_of(arguments), out, Patience())
    print(
        f"{out}: {record['bytes']:,} bytes, version {record['version']} of ST's tool,"
        f" interface {record['c_api']}, SHA-256 {record['sha256']}"
    )
