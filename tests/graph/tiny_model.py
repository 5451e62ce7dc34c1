"""A network small enough that generating and compiling it takes no time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def write_tiny_model(path: Path, seed: int = 0) -> None:
    """A QDQ int8 network, 8-6-4 with a ReLU, from ONNX's own operators."""
    random = np.random.default_rng(seed)
    nodes, constants = [], []

    def constant(name: str, value: np.ndarray) -> str:
        constants.append(numpy_helper.from_array(value, name))
        return name

    def scale(name: str, value: float) -> tuple[str, str]:
        zero = constant(f"{name}_zero_point", np.array(0, np.int8))
        return constant(f"{name}_scale", np.array(value, np.float32)), zero

    def quantized(name: str, value: float) -> str:
        parameters = scale(name, value)
        nodes.append(helper.make_node("QuantizeLinear", [name, *parameters], [f"{name}_q"]))
        nodes.append(
            helper.make_node("DequantizeLinear", [f"{name}_q", *parameters], [f"{name}_d"])
        )
        return f"{name}_d"

    tensor = quantized("input", 0.02)
    for index, (inputs, outputs) in enumerate(((8, 6), (6, 4))):
        weights = random.integers(-127, 128, (outputs, inputs)).astype(np.int8)
        bias = random.integers(-500, 500, outputs).astype(np.int32)
        output_scale = (0.02, 0.05, 0.2)[index + 1]
        weight = constant(f"w{index}", weights)
        nodes.append(
            helper.make_node(
                "DequantizeLinear", [weight, *scale(f"w{index}", 0.01)], [f"w{index}_d"]
            )
        )
        bias_scale = constant(f"b{index}_scale", np.array((0.02, 0.05)[index] * 0.01, np.float32))
        nodes.append(
            helper.make_node(
                "DequantizeLinear", [constant(f"b{index}", bias), bias_scale], [f"b{index}_d"]
            )
        )
        last = index == 1
        nodes.append(
            helper.make_node(
                "Gemm",
                [tensor, f"w{index}_d", f"b{index}_d"],
                ["result" if last else f"gemm{index}"],
                name=f"fc{index + 1}",
                transB=1,
            )
        )
        if not last:
            nodes.append(helper.make_node("Relu", [f"gemm{index}"], [f"relu{index}"]))
            tensor = quantized(f"relu{index}", output_scale)
    output = quantized("result", 0.2)
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 8])],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, [1, 4])],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString(deterministic=True))
