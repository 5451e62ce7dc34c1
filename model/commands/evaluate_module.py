"""What the int8 network of a network module is worth on its test part, beside the float one."""

from __future__ import annotations

import argparse

from model.arguments import add_file
from support.errors import UserError
from support.files import read_json, write_json, write_plain


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `evaluate-module`."""
    add_file(parser, "--history", "JSON", "what `train-module` wrote")
    add_file(parser, "--test", "NPZ", "the test part that it wrote")
    add_file(parser, "--int8", "ONNX", "the quantized network")
    add_file(parser, "--reference", "NPZ", "the integer reference's outputs for the test part")
    add_file(parser, "--out", "JSON", "figures to write")
    add_file(parser, "--table", "TXT", "the same in a line, to write")


def run(arguments: argparse.Namespace) -> None:
    """Compare the reference's bytes, as numbers, with the labels."""
    import numpy as np

    from model import onnx_file, qdq
    from model.module import scores

    history = read_json(arguments.history)
    with np.load(arguments.test, allow_pickle=False) as stored:
        labels = stored["labels" if "labels" in stored.files else "targets"]
    with np.load(arguments.reference, allow_pickle=False) as stored:
        outputs = stored["outputs"]
    if len(outputs) != len(labels):
        raise UserError(
            f"{arguments.reference}: {len(outputs)} outputs for {len(labels)} test inputs",
            "build it again",
        )
    _, quantized = qdq.input_and_output(onnx_file.read(arguments.int8))
    real = (outputs.astype(np.float32) - quantized.zero_point) * quantized.scale
    found = scores.of(real.astype(np.float32), labels)
    told = {
        "float": {name: history["test"][name] for name in found if name in history["test"]},
        "int8": found,
    }
    units = tuple(history["units"])
    line = "; ".join(f"{kind}: {scores.shown(each, units)}" for kind, each in told.items())
    line = f"evaluate: {line} of {len(labels):,} test inputs"
    print(line)
    write_json(arguments.out, {**told, "inputs": len(labels), "task": history["task"]})
    write_plain(arguments.table, f"{line}\n")
