"""Begin a project of your own from an example: a folder with a network module and a SConstruct.

It is built with SCons and a clone of nn2flash, whose place the environment variable NN2FLASH says.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from nn2flash.boards import names

DEFAULT = "regression"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `new`."""
    from codegen.project import examples

    parser.add_argument("folder", type=Path, metavar="FOLDER", help="to write, new or empty")
    parser.add_argument(
        "--from",
        dest="example",
        default=DEFAULT,
        metavar="EXAMPLE",
        help=f"{', '.join(examples())} (default: %(default)s)",
    )
    parser.add_argument(
        "--board",
        default="mps2_an500",
        choices=names(),
        metavar="BOARD",
        help="that it builds for unless board= says another (default: %(default)s)",
    )


def run(arguments: argparse.Namespace) -> None:
    """Write it, as `scons new` does, and say what to do in it."""
    from codegen.project import begin, told

    made = begin(arguments.example, arguments.folder, arguments.board)
    print("\n".join(told(arguments.folder, made)))
