"""Write the layers of a model as plain arrays."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from codegen.arrays import Array, write_arrays
from codegen.exported_graph import exported
from codegen.ops.fully_connected import FullyConnected
from codegen.ops.reshape import Reshape
from codegen.reader.qdq import read_graph
from support.errors import UserError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `export`."""
    parser.add_argument(
        "--model", type=Path, required=True, help="QDQ int8 ONNX or int8 .tflite file"
    )
    parser.add_argument(
        "--graph", action="store_true", help="convolutions, pools and sums too, with their edges"
    )
    parser.add_argument("--out", type=Path, required=True, help="layers.npz")


def run(arguments: argparse.Namespace) -> None:
    """Write, for layer i: `weights_i` int8 [outputs, inputs], `bias_i` and `folded_bias_i` int32,
    `multipliers_i` and `weight_scales_i` float32 [outputs]; and `shapes` int32 [layers, 6] with
    inputs, outputs, input and output zero point, smallest and largest output byte; `scales`
    float32 [2]: the network's input and output scale. With --graph what `exported` returns.
    """
    graph = read_graph(arguments.model)
    if arguments.graph:
        write_arrays(arguments.out, exported(graph, str(arguments.model)))
        return
    layers = [op for op in graph.ops if not isinstance(op, Reshape)]
    arrays: dict[str, Array] = {}
    shapes = []
    for index, layer in enumerate(layers):
        if not isinstance(layer, FullyConnected):
            raise UserError(
                f"{arguments.model}: node '{layer.name}' is not a fully connected layer",
                "only fully connected networks can be exported as arrays",
            )
        zero_points = layer.input.quantization.zero_point, layer.output.quantization.zero_point
        shapes.append([layer.columns, layer.rows, *zero_points, *layer.clamp])
        arrays[f"weights_{index}"] = layer.weights
        arrays[f"bias_{index}"] = layer.bias
        arrays[f"folded_bias_{index}"] = layer.folded_bias
        arrays[f"multipliers_{index}"] = layer.multipliers
        arrays[f"weight_scales_{index}"] = layer.weight_scales
    arrays["shapes"] = np.array(shapes, np.int32)
    arrays["scales"] = np.array(
        [graph.input.quantization.scale, graph.output.quantization.scale], np.float32
    )
    write_arrays(arguments.out, arrays)
