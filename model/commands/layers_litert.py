"""Every layer of a .tflite file compared with LiteRT, each from inputs that are forced.

As `layers` does it with onnxruntime.
"""

from __future__ import annotations

import argparse

from model.arguments import add_file
from model.commands import layers as with_onnxruntime
from support.errors import UserError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `layers-litert`."""
    add_file(parser, "--model", "TFLITE", "the file that was cut")
    with_onnxruntime.add_arguments(parser)


def run(arguments: argparse.Namespace) -> None:
    """Compare with LiteRT."""
    from model import layers
    from model.litert import by_litert

    cut, arrays = layers.read(arguments.cut, arguments.npz)
    try:
        found = by_litert(arguments.model, cut, arrays)
    except layers.NoOracle as error:
        raise UserError(f"{cut.origin}: {error}", layers.OTHERWISE) from None
    with_onnxruntime.tell(arguments, cut.origin, found)
