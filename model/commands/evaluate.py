"""What the int8 network of a network module is worth on its test part, beside the float one.

The integer reference's outputs count, which the firmware gives. Of a classification with one input
onnxruntime runs the int8 network, too: a table tells which bytes it gives otherwise, and why.
"""

from __future__ import annotations

import argparse
from typing import Any

from model.arguments import add_file
from support.errors import UserError
from support.files import read_json, write_json, write_plain


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `evaluate`."""
    add_file(parser, "--history", "JSON", "what `train` wrote")
    add_file(parser, "--test", "NPZ", "the test part that it wrote")
    add_file(parser, "--int8", "ONNX", "what `quantize` wrote")
    add_file(parser, "--reference", "NPZ", "the integer reference's outputs for the test part")
    add_file(parser, "--out", "JSON", "figures to write")
    add_file(parser, "--table", "TXT", "the same for people, to write")


def run(arguments: argparse.Namespace) -> None:
    """Compare the reference's bytes, as numbers, with the labels."""
    import numpy as np

    from model import evaluation, evaluation_table, onnx_file, qdq
    from model.module import scores

    history = read_json(arguments.history)
    with np.load(arguments.test, allow_pickle=False) as stored:
        labels = stored["labels" if "labels" in stored.files else "targets"]
        inputs = stored["inputs"] if "inputs" in stored.files else None
    with np.load(arguments.reference, allow_pickle=False) as stored:
        outputs = stored["outputs"]
    if len(outputs) != len(labels):
        raise UserError(
            f"{arguments.reference}: {len(outputs)} outputs for {len(labels)} test inputs",
            "build it again",
        )
    int8_model = onnx_file.read(arguments.int8)
    _, quantized = qdq.input_and_output(int8_model)
    real = (outputs.astype(np.float32) - quantized.zero_point) * quantized.scale
    found = scores.of(real.astype(np.float32), labels)
    report: dict[str, Any] = {
        "task": history["task"],
        "inputs": len(labels),
        "float": {name: history["test"][name] for name in found if name in history["test"]},
        "int8": found,
    }
    units = tuple(history["units"])
    table = "; ".join(f"{kind}: {scores.shown(report[kind], units)}" for kind in ("float", "int8"))
    table = f"evaluate: {table} of {len(labels):,} test inputs"
    if "accuracy" in found and inputs is not None:
        report |= evaluation.compared(int8_model, inputs, labels, arguments.reference)
        table = f"{evaluation_table.render(report, history['classes'])}\n\n{table}"
    print(table)
    write_json(arguments.out, report)
    write_plain(arguments.table, f"{table}\n")
