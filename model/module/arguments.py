"""Arguments of the commands that load a network module."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_module(parser: argparse.ArgumentParser) -> None:
    """--module and --file"""
    parser.add_argument(
        "--module", type=Path, required=True, metavar="PY", help="defines network() and data()"
    )
    parser.add_argument(
        "--file",
        type=Path,
        action="append",
        default=[],
        metavar="PATH",
        help="a file or folder that the module may read, as its FILES says; several times",
    )
