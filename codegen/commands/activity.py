"""Tell how much of a network's work inputs leave to a sparse kernel."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from codegen.arrays import read_arrays
from codegen.kernels.fully_connected.chain.choose import entries
from codegen.kernels.fully_connected.chain.operation import STEM
from codegen.kernels.wanted import Kernels
from codegen.plan import plan_network
from codegen.reader.qdq import read_graph
from codegen.reference import all_values, quantize_inputs
from support.errors import UserError
from support.files import write_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `activity`."""
    parser.add_argument(
        "--model", type=Path, required=True, help="QDQ int8 ONNX or int8 .tflite file"
    )
    parser.add_argument("--calibration", type=Path, required=True, help="as given to `generate`")
    parser.add_argument("--inputs", type=Path, required=True, help=".npz of the inputs to look at")
    parser.add_argument("--out", type=Path, required=True, help="activity.json")


def run(arguments: argparse.Namespace) -> None:
    """Write, for each fully connected layer: input pairs, the mean number that is not zero, and
    the multiply-accumulates those stand for (pair * 2 * outputs); and their sum.
    """
    graph = read_graph(arguments.model)
    typical, inputs = (
        quantize_inputs(read_arrays(path)["inputs"].astype(np.float32), graph)
        for path in (arguments.calibration, arguments.inputs)
    )
    plan = plan_network(graph, Kernels("sparse", typical))
    known = all_values(graph, inputs)
    rows = []
    for step in plan.steps:
        if step.lowered.stem != STEM:
            raise UserError(f"{arguments.model}: not a network of fully connected layers only")
        chain = step.lowered.fields.chain
        for member, part in zip(chain.members, step.lowered.members, strict=True):
            values = known[part.op.input][:, member.reads]
            mean = float(entries(values, member.layer.base).mean())
            rows.append(
                {
                    "name": member.name,
                    "pairs": (member.layer.inputs + 1) // 2,
                    "entries": mean,
                    "executed_macs": mean * 2 * member.layer.outputs,
                }
            )
    total = sum(row["executed_macs"] for row in rows)
    write_json(arguments.out, {"layers": rows, "executed_macs": total})
