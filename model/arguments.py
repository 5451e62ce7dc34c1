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


def add_data(parser: argparse.ArgumentParser) -> None:
    """--data"""
    parser.add_argument(
        "--data", type=Path, required=True, metavar="DIR", help="folder that holds MNIST/raw"
    )


def add_checkpoint(parser: argparse.ArgumentParser) -> None:
    """--checkpoint"""
    parser.add_argument(
        "--checkpoint", type=Path, required=True, metavar="PT", help="what `train` wrote"
    )


def add_file(parser: argparse.ArgumentParser, option: str, metavar: str, text: str) -> None:
    """A required file."""
    parser.add_argument(option, type=Path, required=True, metavar=metavar, help=text)
