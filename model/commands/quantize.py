"""Quantize the ONNX file to int8, and measure both networks on the test set.

With onnxruntime (static, QDQ, per-channel int8 weights), calibrated on training images.
"""

from __future__ import annotations

import argparse

from model.arguments import add_checkpoint, add_data, add_file, points
from support.errors import UserError
from support.files import write_json

DEFAULT_MAX_DROP = 0.5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `quantize`."""
    add_data(parser)
    add_checkpoint(parser)
    add_file(parser, "--onnx", "ONNX", "what `onnx` wrote")
    parser.add_argument(
        "--max-accuracy-drop",
        type=points,
        default=DEFAULT_MAX_DROP,
        metavar="POINTS",
        help="fail when int8 reads more than this many percentage points fewer test images "
        "right than float (default: %(default)s)",
    )
    add_file(parser, "--out", "ONNX", "file to write")
    add_file(parser, "--report", "JSON", "scales and accuracy to write")


def run(arguments: argparse.Namespace) -> None:
    """Quantize, measure, and write the int8 model and its report unless it lost too much.

    Raises:
        UserError: the int8 network lost more accuracy than allowed.
    """
    from model import checkpoint, inference, onnx_file, quantization_report
    from model.images import read

    trained = checkpoint.load(arguments.checkpoint)
    float_model = onnx_file.read(arguments.onnx)
    inference.check_input(arguments.onnx, float_model)
    calibration = read(arguments.data, "calibration", trained)
    chosen = quantization_report.choose(
        float_model, calibration, read(arguments.data, "validation", trained)
    )
    int8_model = onnx_file.canonicalize(chosen.model)
    quantization_report.check_int8(int8_model, float_model)
    accuracy = quantization_report.compare_accuracy(
        float_model, int8_model, read(arguments.data, "test", trained)
    )
    if accuracy.drop_points > arguments.max_accuracy_drop:
        raise UserError(
            f"int8 loses {accuracy.drop_points:.2f} points of accuracy ({accuracy.summary()}); "
            f"{arguments.max_accuracy_drop:g} are allowed",
            "train longer or with another recipe, or allow more: max_accuracy_drop=",
        )
    report = quantization_report.report(chosen, accuracy, calibration)
    onnx_file.write(arguments.out, int8_model)
    write_json(arguments.report, report)
    print(f"quantize: {accuracy.summary()}, calibrated by {chosen.method}")
