"""Arguments of the commands that load a network module."""

from __future__ import annotations

import argparse
from pathlib import Path

from model.arguments import positive, seed
from model.sources.read import Source


def add_module(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    """--module, --file and --recipe"""
    parser.add_argument(
        "--module", type=Path, required=required, metavar="PY", help="defines network() and data()"
    )
    parser.add_argument(
        "--file",
        type=Path,
        action="append",
        default=[],
        metavar="PATH",
        help="a file or folder that the module may read, as its FILES says; several times",
    )
    parser.add_argument(
        "--recipe", default="", help="one of the module's RECIPES (default: the first of them)"
    )


def add_training(parser: argparse.ArgumentParser) -> None:
    """--data, --mnist, --epochs and --seed"""
    data = parser.add_mutually_exclusive_group()
    data.add_argument(
        "--data",
        type=Path,
        metavar="PATH",
        help="instead of data(), or for a data(given): a file or folder to read",
    )
    data.add_argument(
        "--mnist", type=Path, metavar="DIR", help="the same: MNIST, the folder that holds MNIST/raw"
    )
    parser.add_argument(
        "--epochs",
        type=positive,
        help="passes over the data (default: the module's EPOCHS, or 30 and more of few)",
    )
    parser.add_argument("--seed", type=seed, default=0, help="of all random choices (default: 0)")


def source_of(arguments: argparse.Namespace) -> Source | None:
    """What --data or --mnist names."""
    if arguments.mnist:
        return Source(arguments.mnist.resolve(), mnist=True)
    return Source(arguments.data.resolve()) if arguments.data else None
