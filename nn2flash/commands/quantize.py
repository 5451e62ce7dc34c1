"""Quantize a float ONNX file to int8 by inputs like those that it will see, and show what it is
worth. Nothing is trained; onnxruntime is needed (pip install nn2flash[quantize])."""

from __future__ import annotations

import argparse
from pathlib import Path

from model.arguments import add_quantization
from support.errors import UserError

SUFFIX = "_int8.onnx"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `quantize`."""
    parser.add_argument("model", type=Path, metavar="MODEL", help="a float .onnx file")
    add_quantization(parser, required=True)
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
        UserError: a file is not what it must be, int8 loses too much, or what is to be written was
            not written by nn2flash.
    """
    from model.given_network import quantize_file
    from model.onnx_file import is_ours

    out: Path = arguments.out or Path(f"{arguments.model.stem}{SUFFIX}")
    if (out.exists() or out.is_symlink()) and not is_ours(out):
        raise UserError(
            f"{out}: was not written by nn2flash, and is not overwritten",
            "move it away, or name another file: --out",
        )
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
