"""`cloud-generate`: C code, headers and library from ST's Developer Cloud, as a zip."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from device.commands.cloud_options import add_order_options, connect, order_of


def register(commands: Any) -> None:
    """Add the parser of `cloud-generate`."""
    parser = commands.add_parser("cloud-generate", help="generate in ST's cloud, download the zip")
    add_order_options(parser)
    parser.add_argument("--out", type=Path, required=True, help="zip to write; FILE.json beside it")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    from device.cloud.generate import generate
    from device.cloud.runs import Patience

    record = generate(connect, order_of(arguments), arguments.out, Patience())
    print(
        f"{arguments.out}: {record['bytes']:,} bytes, version {record['version']} of ST's tool,"
        f" interface {record['c_api']}, SHA-256 {record['sha256']}"
    )
