"""Arguments of the commands that load a network module."""

from __future__ import annotations

import argparse
from pathlib import Path

from model.arguments import positive, seed


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


def add_training(parser: argparse.ArgumentParser) -> None:
    """--data, --epochs and --seed"""
    parser.add_argument(
        "--data", type=Path, metavar="PATH", help="instead of data(): a file or folder to read"
    )
    parser.add_argument(
        "--epochs",
        type=positive,
        help="passes over the data (default: the module's EPOCHS, or 30 and more of few)",
    )
    parser.add_argument("--seed", type=seed, default=0, help="of all random choices (default: 0)")
