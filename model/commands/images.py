"""Write normalized images and labels as .npz.

`inputs` float32 [N, 1, 28, 28], normalized as in training, and `labels` uint8 [N].
"""

from __future__ import annotations

import argparse

from model.arguments import add_checkpoint, add_data, add_file


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `images`."""
    add_data(parser)
    add_checkpoint(parser)
    parser.add_argument(
        "--split",
        choices=("test", "calibration"),
        required=True,
        help="test: all 10,000 test images in order; calibration: the training images that "
        "`quantize` calibrates with",
    )
    add_file(parser, "--out", "NPZ", "file to write")


def run(arguments: argparse.Namespace) -> None:
    """Write normalized images."""
    from model import checkpoint
    from model.images import read, write

    trained = checkpoint.load(arguments.checkpoint)
    write(arguments.out, read(arguments.data, arguments.split, trained))
