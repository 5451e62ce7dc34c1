"""Quantize a float ONNX file to int8 by inputs like those that it will see, and show what it is
worth. Nothing is trained; onnxruntime is needed (pip install nn2flash[quantize])."""

from __future__ import annotations

import argparse
from pathlib import Path

from model.arguments import add_quantization
from support.output_file import OutputFile, check_outputs

SUFFIX = "_int8.onnx"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `quantize`."""
    parser.add_argument("model", type=Path, metavar="MODEL", help="a float .onnx file")
    add_quantization(parser)
    parser.add_argument(
        "--out",
        type=Path,
        metavar="ONNX",
        help=f"default: MODEL's name{SUFFIX}, here",
    )
    parser.add_argument("--report", type=Path, metavar="JSON", help="scales and accuracy, too")


def run(arguments: argparse.Namespace) -> None:
    """Quantize as `scons quantize network=… calibration=…` does; write it where that is allowed.

    Raises:
        UserError: a file is not what it must be, int8 loses too much, or what is there was not
            written by nn2flash.
    """
    from model.given_network import is_report, quantize_file
    from model.onnx_file import is_ours

    out: Path = arguments.out or Path(f"{arguments.model.stem}{SUFFIX}")
    outputs = [OutputFile("--out", out, is_ours)]
    if arguments.report is not None:
        outputs.append(OutputFile("--report", arguments.report, is_report))
    check_outputs(outputs, (arguments.model, arguments.calibration, arguments.validation))
    quantize_file(
        arguments.model,
        arguments.calibration,
        arguments.normalize,
        arguments.validation,
        max_drop=arguments.max_accuracy_drop,
        out=out,
        report_path=arguments.report,
    )
    print(f"quantize: {out}; next: nn2flash analyze {out}")
