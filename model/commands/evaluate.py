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
    from model.sources.arrays import load

    try:
        history = read_json(arguments.history)
        task, before, classes = history["task"], dict(history["test"]), tuple(history["classes"])
        units = tuple(history["units"])
    except (KeyError, TypeError, ValueError):
        raise UserError(f"{arguments.history}: not what `train` writes", "train again") from None
    test, reference = load(arguments.test), load(arguments.reference)
    labels, inputs = test.get("labels", test.get("targets")), test.get("inputs")
    outputs = reference.get("outputs")
    if labels is None:
        raise UserError(f"{arguments.test}: has neither 'labels' nor 'targets'", "build it again")
    if outputs is None:
        raise UserError(f"{arguments.reference}: has no 'outputs'", "build it again")
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
        "task": task,
        "inputs": len(labels),
        "float": {name: before[name] for name in found if name in before},
        "int8": found,
    }
    table = "; ".join(f"{kind}: {scores.shown(report[kind], units)}" for kind in ("float", "int8"))
    table = f"evaluate: {table} of {len(labels):,} test inputs"
    if "accuracy" in found and inputs is not None:
        report |= evaluation.compared(int8_model, inputs, labels, arguments.reference)
        table = f"{evaluation_table.render(report, classes)}\n\n{table}"
    print(table)
    write_json(arguments.out, report)
    write_plain(arguments.table, f"{table}\n")
