"""Arguments that several commands take, and the types that check them."""

from __future__ import annotations

import argparse
import math
from pathlib import Path


def positive(text: str) -> int:
    """A whole number, at least 1."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text}: must be at least 1")
    return value


def seed(text: str) -> int:
    """A seed that NumPy and PyTorch take."""
    value = int(text)
    if not 0 <= value < 2**32:
        raise argparse.ArgumentTypeError(f"{text}: must be 0 to 4294967295")
    return value


def points(text: str) -> float:
    """Percentage points."""
    value = float(text)
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"{text}: must be a finite number")
    return value


def mean_and_std(text: str) -> tuple[float, float]:
    """`mean,std`: two numbers, the second above 0."""
    mean, std = (float(part) for part in text.split(","))
    if not math.isfinite(mean) or not 0 < std < math.inf:
        raise argparse.ArgumentTypeError(f"{text}: mean must be finite, std positive")
    return mean, std


DEFAULT_MAX_DROP = 0.5
"""Percentage points of accuracy that int8 may lose."""


def add_quantization(parser: argparse.ArgumentParser) -> None:
    """--calibration, --normalize, --validation, --max-accuracy-drop"""
    parser.add_argument(
        "--calibration",
        type=Path,
        required=True,
        metavar="NPZ",
        help="`inputs` float32 [N, …], as the network will see them, and `labels` [N] where they "
        "are known",
    )
    parser.add_argument(
        "--normalize",
        type=mean_and_std,
        metavar="MEAN,STD",
        help="of the training transform, applied to the inputs of --calibration",
    )
    parser.add_argument(
        "--validation",
        type=Path,
        metavar="NPZ",
        help="inputs like these that judge (default: each fifth of them, which then does not"
        " calibrate)",
    )
    parser.add_argument(
        "--max-accuracy-drop",
        type=points,
        default=DEFAULT_MAX_DROP,
        metavar="POINTS",
        help="fail when int8 has an accuracy of more than this many percentage points less than "
        "float (default: %(default)s)",
    )


def add_data(parser: argparse.ArgumentParser) -> None:
    """--data"""
    parser.add_argument(
        "--data", type=Path, required=True, metavar="DIR", help="folder of the sets of data"
    )


def add_file(parser: argparse.ArgumentParser, option: str, metavar: str, text: str) -> None:
    """A required file."""
    parser.add_argument(option, type=Path, required=True, metavar=metavar, help=text)
