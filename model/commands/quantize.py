"""Quantize a float ONNX file to int8, and show what it is worth.

With onnxruntime (static, QDQ, per-channel int8 weights). Inputs of an .npz calibrate, others judge.
Of a network module (--module, --weights) the network can go on training, quantization simulated:
with --qat auto when int8 loses more accuracy than allowed, with --qat 1 always.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from model.arguments import add_file, add_quantization
from model.module.arguments import add_module, add_training
from support.calibration_methods import METHODS
from support.errors import UserError
from support.files import resolved
from support.output_file import OutputFile, check_outputs

if TYPE_CHECKING:
    import onnx


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `quantize`."""
    add_file(parser, "--onnx", "ONNX", "the float network")
    add_quantization(parser)
    parser.add_argument(
        "--method",
        choices=METHODS,
        help="how the calibrating inputs set the ranges (default: the best of all ways)",
    )
    add_file(parser, "--out", "ONNX", "file to write")
    add_file(parser, "--report", "JSON", "scales and accuracy to write")
    add_module(parser, required=False)
    add_training(parser)
    parser.add_argument(
        "--weights", type=Path, metavar="PT", help="of --module: what `train` wrote"
    )
    parser.add_argument(
        "--qat",
        choices=("auto", "0", "1"),
        default="auto",
        help="of --module: quantization-aware training, when int8 loses more than allowed, never,"
        " or always",
    )


def run(arguments: argparse.Namespace) -> None:
    """Quantize, train further where that is asked for, and write the int8 network and its report.

    Raises:
        UserError: int8 loses more accuracy than allowed all the same, or a file is not what it
            should be.
    """
    from model import given_network, int8_check, onnx_file

    if (arguments.module is None) != (arguments.weights is None):
        raise UserError("--module and --weights go together", "give both, or none")
    given = (arguments.onnx, arguments.calibration, arguments.validation, arguments.weights)
    check_outputs(
        [OutputFile("--out", arguments.out), OutputFile("--report", arguments.report)], given
    )
    path, calibration, validation, out, report = (
        # A module runs in its own folder.
        resolved(each) if each and arguments.module else each
        for each in (*given[:3], arguments.out, arguments.report)
    )

    def tried_with(model: onnx.ModelProto | None = None) -> given_network.Tried:
        return given_network.quantize(
            path,
            calibration,
            arguments.normalize,
            validation,
            model=model,
            method=arguments.method,
        )

    allowed, tried = arguments.max_accuracy_drop, tried_with()
    loses = tried.loses_more_than(allowed)
    if arguments.module and (arguments.qat == "1" or (arguments.qat == "auto" and loses)):
        why = f"more than the {allowed:g} points that are allowed" if loses else "qat=1"
        print(f"quantize: {given_network.accuracy(tried)}, {why}: training on, int8 simulated")
        model, epochs = _trained_further(arguments)
        tried = given_network.better(tried, tried_with(model), epochs)
    if arguments.module:
        int8_check.check(path, tried.models[tried.best], onnx_file.read(path))
    given_network.keep(path, tried, max_drop=allowed, out=out, report_path=report)


def _trained_further(arguments: argparse.Namespace) -> tuple[onnx.ModelProto, int]:
    from support.progress import waiting

    with waiting("loading PyTorch"):
        from model.module.fine_tuning import fine_tuned
    return fine_tuned(arguments)
