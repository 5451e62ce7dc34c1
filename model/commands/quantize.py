"""Quantize a float ONNX file to int8, and show what it is worth.

With onnxruntime (static, QDQ, per-channel int8 weights). Of the network trained here (--data,
--checkpoint) training images calibrate; of anyone's (--calibration) the inputs of an .npz do.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from model.arguments import add_file, add_quantization
from support.errors import UserError
from support.files import together, write_json
from support.output_file import OutputFile, check_outputs


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `quantize`."""
    parser.add_argument("--data", type=Path, metavar="DIR", help="folder that holds MNIST/raw")
    parser.add_argument("--checkpoint", type=Path, metavar="PT", help="what `train` wrote")
    add_file(parser, "--onnx", "ONNX", "the float network")
    add_quantization(parser, required=False)
    add_file(parser, "--out", "ONNX", "file to write")
    add_file(parser, "--report", "JSON", "scales and accuracy to write")


def run(arguments: argparse.Namespace) -> None:
    """Quantize, measure, and write the int8 model and its report unless it lost too much.

    Raises:
        UserError: the int8 network lost more accuracy than allowed, or a file is not what it
            should be.
    """
    trained_here = arguments.data is not None and arguments.checkpoint is not None
    if trained_here == (arguments.calibration is not None):
        raise UserError(
            "what calibrates is missing, or there twice",
            "give --calibration x.npz, or --data and --checkpoint of the network trained here",
        )
    check_outputs(
        [OutputFile("--out", arguments.out), OutputFile("--report", arguments.report)],
        (arguments.onnx, arguments.calibration, arguments.validation, arguments.checkpoint),
    )
    (_trained if trained_here else _given)(arguments)


def _given(arguments: argparse.Namespace) -> None:
    from model.given_network import quantize_file

    quantize_file(
        arguments.onnx,
        arguments.calibration,
        arguments.normalize,
        arguments.validation,
        max_drop=arguments.max_accuracy_drop,
        out=arguments.out,
        report_path=arguments.report,
    )


def _trained(arguments: argparse.Namespace) -> None:
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
    onnx_file.set_normalization(int8_model, onnx_file.normalization_of(float_model))
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
    with together([arguments.out, arguments.report]) as (onnx_to, report_to):
        onnx_file.write(onnx_to, int8_model)
        write_json(report_to, report)
    print(f"quantize: {accuracy.summary()}, calibrated by {chosen.method}")
