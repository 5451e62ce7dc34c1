"""Accuracy, confusion matrix, and comparison with the integer reference.

Reads the whole test set with the float and the int8 network, prints a table and writes it as JSON.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from model.arguments import add_checkpoint, add_data, add_file
from support.files import write_json, write_plain


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `evaluate`."""
    add_data(parser)
    add_checkpoint(parser)
    add_file(parser, "--int8", "ONNX", "what `quantize` wrote")
    parser.add_argument(
        "--reference",
        type=Path,
        metavar="NPZ",
        help="the integer reference's `inputs` and `outputs` for the whole test set; compared "
        "byte by byte",
    )
    add_file(parser, "--out", "JSON", "file to write")
    parser.add_argument("--table", type=Path, metavar="TXT", help="write the table here, too")


def run(arguments: argparse.Namespace) -> None:
    """Print and write the evaluation."""
    from model import checkpoint, evaluation, evaluation_table, inference, onnx_file
    from model.images import read

    trained = checkpoint.load(arguments.checkpoint)
    int8_model = onnx_file.read(arguments.int8)
    inference.check_input(arguments.int8, int8_model)
    test = read(arguments.data, "test", trained)
    report = evaluation.evaluate(trained.network(), int8_model, test, arguments.reference)
    table = evaluation_table.render(report)
    write_json(arguments.out, report)
    if arguments.table:
        write_plain(arguments.table, f"{table}\n")
    print(table)
