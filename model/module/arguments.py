"""Arguments of the commands that load a network module."""

from __future__ import annotations

import argparse
from pathlib import Path

from model.arguments import positive, seed
from model.sources.read import Source
from support.data_sets import SETS
from support.errors import UserError
from support.files import CHECK_PATH, check_given, resolved


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
    """--data, --set, --epochs and --seed"""
    data = parser.add_mutually_exclusive_group()
    data.add_argument(
        "--data",
        type=Path,
        metavar="PATH",
        help="instead of data(), or for a data(given): a file or folder to read",
    )
    data.add_argument(
        "--set",
        nargs=2,
        metavar=("NAME", "DIR"),
        help=f"the same: a fetched set, {' or '.join(SETS)}, and the folder that sets lie below",
    )
    parser.add_argument(
        "--epochs",
        type=positive,
        help="passes over the data (default: the module's EPOCHS, or 30 and more of few)",
    )
    parser.add_argument("--seed", type=seed, default=0, help="of all random choices (default: 0)")


def module_of(arguments: argparse.Namespace) -> Path:
    """The absolute path of --module.

    Raises:
        UserError: it is not there, or no file that can be read.
    """
    check_given(arguments.module, "give the path of a Python file")
    if not arguments.module.exists():
        raise UserError(f"{arguments.module}: no such file", CHECK_PATH)
    return resolved(arguments.module)


def source_of(arguments: argparse.Namespace) -> Source | None:
    """What --data or --set names.

    Raises:
        UserError: --set knows no such set.
    """
    if arguments.set:
        name, folder = arguments.set
        if name not in SETS:
            raise UserError(f"--set {name}: no such set of data", f"known: {', '.join(SETS)}")
        return Source(resolved(Path(folder)), name)
    return Source(resolved(arguments.data)) if arguments.data else None
