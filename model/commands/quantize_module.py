"""Quantize the trained network of a network module, training it further where int8 loses too much.

Training inputs calibrate, validation inputs judge. With --qat auto the network goes on training,
quantization simulated, when int8 loses more accuracy than allowed; with --qat 1 always.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from model.arguments import add_file, add_max_accuracy_drop
from model.module.arguments import add_module, add_training

if TYPE_CHECKING:
    import onnx


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `quantize-module`."""
    add_module(parser)
    add_training(parser)
    add_file(parser, "--weights", "PT", "what `train-module` wrote")
    add_file(parser, "--onnx", "ONNX", "what `export-module` wrote")
    add_file(parser, "--calibration", "NPZ", "training inputs that set the ranges")
    add_file(parser, "--validation", "NPZ", "validation part, by which int8 networks are judged")
    add_max_accuracy_drop(parser)
    parser.add_argument(
        "--qat",
        choices=("auto", "0", "1"),
        default="auto",
        help="quantization-aware training: when int8 loses more than allowed, never, or always",
    )
    add_file(parser, "--out", "ONNX", "file to write")
    add_file(parser, "--report", "JSON", "scales and accuracy to write")


def run(arguments: argparse.Namespace) -> None:
    """Quantize, train further where that is asked for, and write the int8 network and its report.

    Raises:
        UserError: int8 loses more accuracy than allowed all the same, or a file is not what it
            should be.
    """
    from model import given_network

    # The module runs in its own folder.
    path, calibration, validation, out, report = (
        Path(getattr(arguments, name)).resolve()
        for name in ("onnx", "calibration", "validation", "out", "report")
    )
    allowed = arguments.max_accuracy_drop
    tried = given_network.quantize(path, calibration, None, validation)
    loses = tried.loses_more_than(allowed)
    if arguments.qat == "1" or (arguments.qat == "auto" and loses):
        why = f"more than the {allowed:g} points that are allowed" if loses else "qat=1"
        print(f"quantize: {given_network.accuracy(tried)}, {why}: training on, int8 simulated")
        model, epochs = _trained_further(arguments)
        again = given_network.quantize(path, calibration, None, validation, model)
        tried = given_network.better(tried, again, epochs)
    given_network.keep(path, tried, max_drop=allowed, out=out, report_path=report)


def _trained_further(arguments: argparse.Namespace) -> tuple[onnx.ModelProto, int]:
    from support.progress import waiting

    with waiting("loading PyTorch"):
        from model.module.fine_tuning import fine_tuned
    return fine_tuned(arguments)
