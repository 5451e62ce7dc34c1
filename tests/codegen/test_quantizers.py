"""Networks that onnxruntime's own quantizer made, under many of its settings."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)

from codegen.ir.graph import Graph
from codegen.kernels.wanted import Kernels
from codegen.reader.qdq import read_graph
from codegen.reference import quantize, run
from support.errors import UserError
from tests.codegen.models import Array
from tests.codegen.oracle import Int8Array, onnxruntime_outputs
from tests.codegen.programs import Case, run_cases

SIZES = (12, 9, 7, 4)
INPUTS = np.random.default_rng(5).normal(0, 1, (64, 1, 1, 3, 4)).astype(np.float32)


class Calibration(CalibrationDataReader):  # type: ignore[misc]
    """The same inputs again and again."""

    def __init__(self) -> None:
        self.left: Iterator[dict[str, Array]] = iter([{"input": row} for row in INPUTS])

    def get_next(self) -> dict[str, Array] | None:
        """One input, or None at the end."""
        return next(self.left, None)


def float_model(form: str, activation: str | None, path: Path) -> Path:
    """12 → 9 → 7 → 4 in float32, with a Softmax.

    Args:
        form: "gemm" or "matmul", as PyTorch or TensorFlow export a dense layer.
        activation: an operator after the hidden layers.
    """
    rng = np.random.default_rng(6)
    nodes = [helper.make_node("Flatten", ["input"], ["flat"], "flatten")]
    constants: list[onnx.TensorProto] = []
    value = "flat"

    def constant(name: str, values: Any) -> str:
        constants.append(numpy_helper.from_array(np.asarray(values, np.float32), name))
        return name

    for i, (inputs, outputs) in enumerate(pairwise(SIZES)):
        weights, bias = rng.normal(0, 0.5, (outputs, inputs)), rng.normal(0, 0.3, outputs)
        end = f"dense{i}"
        if form == "gemm":
            operands = [value, constant(f"w{i}", weights), constant(f"b{i}", bias)]
            nodes.append(helper.make_node("Gemm", operands, [end], f"gemm{i}", transB=1))
        else:
            product = [value, constant(f"w{i}", weights.T)]
            nodes.append(helper.make_node("MatMul", product, [f"m{i}"], f"matmul{i}"))
            total = [f"m{i}", constant(f"b{i}", bias)]
            nodes.append(helper.make_node("Add", total, [end], f"add{i}"))
        value = end
        if activation and i < 2:
            operands = [value]
            if activation == "Clip":
                operands += [constant(f"low{i}", 0), constant(f"high{i}", 6)]
            nodes.append(helper.make_node(activation, operands, [f"a{i}"], f"act{i}"))
            value = f"a{i}"
    nodes.append(helper.make_node("Softmax", [value], ["output"], "softmax", axis=1))
    graph = helper.make_graph(
        nodes,
        "float",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, INPUTS.shape[1:])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, SIZES[-1]])],
        constants,
    )
    opset = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), path)
    return path


def quantized(folder: Path, form: str, activation: str | None, settings: dict[str, Any]) -> Path:
    """The same, quantized."""
    source = float_model(form, activation, folder / "float.onnx")
    return quantize_file(source, folder / "int8.onnx", settings)


def quantize_file(source: Path, target: Path, settings: dict[str, Any]) -> Path:
    """What onnxruntime's quantizer makes of a float model, without its advice."""
    logging.disable(logging.CRITICAL)
    try:
        quantize_static(source, target, Calibration(), quant_format=QuantFormat.QDQ, **settings)
    finally:
        logging.disable(logging.NOTSET)
    return target


def stored(graph: Graph) -> Int8Array:
    return quantize(INPUTS.reshape(len(INPUTS), -1), graph.input)


UINT8 = {"activation_type": QuantType.QUInt8}
OPTIONS: dict[str, dict[str, Any]] = {
    "default": {},
    "uint8": UINT8,
    "uint8_both": {
        **UINT8,
        "weight_type": QuantType.QUInt8,
        "extra_options": {"WeightSymmetric": True},
    },
    "per_channel": {"per_channel": True},
    "uint8_per_channel": {**UINT8, "per_channel": True},
    "reduced_range": {"reduce_range": True, "per_channel": True},
    "symmetric_activations": {"extra_options": {"ActivationSymmetric": True}},
    "pairs_for_weights": {"per_channel": True, "extra_options": {"AddQDQPairToWeight": True}},
    "float_bias": {"extra_options": {"QuantizeBias": False}},
    "dedicated_pairs": {"extra_options": {"DedicatedQDQPair": True}},
    "kept_activations": {"extra_options": {"QDQKeepRemovableActivations": True}},
    "own_domain": {"extra_options": {"UseQDQContribOps": True}},
    "entropy": {"calibrate_method": CalibrationMethod.Entropy},
    "percentile": {"calibrate_method": CalibrationMethod.Percentile},
    "moving_average": {
        "extra_options": {"CalibMovingAverage": True, "CalibTensorRangeSymmetric": True}
    },
    # Zero points for weights, too: less them they leave int8.
    "uint8_asymmetric": {**UINT8, "weight_type": QuantType.QUInt8},
    "int8_asymmetric": {"extra_options": {"WeightSymmetric": False}, "per_channel": True},
    "least_range": {"extra_options": {"MinimumRealRange": 0.01}},
}
NETWORKS = [("gemm", option) for option in OPTIONS] + [
    ("matmul", option) for option in ("default", "uint8_per_channel", "pairs_for_weights")
]


@pytest.mark.parametrize(("form", "option"), NETWORKS)
@pytest.mark.parametrize("activation", ["Relu", "Clip"])
def test_settings(form: str, option: str, activation: str, tmp_path: Path) -> None:
    path = quantized(tmp_path, form, activation, OPTIONS[option])
    check(path)


@pytest.mark.parametrize("form", ["gemm", "matmul"])
@pytest.mark.parametrize("activation", ["Sigmoid", "Tanh", None])
def test_activations(form: str, activation: str | None, tmp_path: Path) -> None:
    check(quantized(tmp_path, form, activation, {}))


def check(path: Path) -> None:
    """Bytes equal to onnxruntime's, but for a tie here and there."""
    graph = read_graph(path)
    inputs = stored(graph)
    found, expected = run(graph, inputs), onnxruntime_outputs(path, graph, inputs)
    difference = np.abs(found.astype(int) - expected)
    assert difference.max() <= 1 and np.count_nonzero(difference) <= 0.01 * difference.size
    assert len(np.unique(found)) > 50


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"activation_type": QuantType.QInt16}, "type INT16 is not supported"),
        ({"weight_type": QuantType.QInt4}, "type INT4 is not supported"),
        ({"nodes_to_exclude": ["gemm1"]}, "'gemm1' .*its weights are float32, not quantized"),
        (
            {"op_types_to_quantize": ["Softmax"]},
            "'gemm0' .*its input is not quantized: no QuantizeLinear/DequantizeLinear pair",
        ),
    ],
)
def test_settings_that_cannot_be_read(
    settings: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=message):
        read_graph(quantized(tmp_path, "gemm", "Relu", settings))


@pytest.mark.parametrize("weight", [1e-6, 1e-7, 1e-8, 1e-9])
@pytest.mark.parametrize("layer", [0, 2])
def test_a_row_that_is_nearly_dead(weight: float, layer: int, tmp_path: Path) -> None:
    """onnxruntime gives its bias all of int32, hidden or last: the row is taken, exactly."""
    source = float_model("gemm", "Relu", tmp_path / "float.onnx")
    model = onnx.load(source)
    tensors = {tensor.name: tensor for tensor in model.graph.initializer}
    for name, value in ((f"w{layer}", weight), (f"b{layer}", 0.5)):
        changed = numpy_helper.to_array(tensors[name]).copy()
        changed[2] = value * np.sign(changed[2]) if changed.ndim == 2 else value
        tensors[name].CopyFrom(numpy_helper.from_array(changed, name))
    onnx.save(model, source)
    path = quantize_file(source, tmp_path / "int8.onnx", {"per_channel": True})
    check(path)
    graph = read_graph(path)
    case = Case("nearly_dead", graph, stored(graph), Kernels("auto", stored(graph)))
    np.testing.assert_array_equal(run_cases([case], tmp_path, "host")[0], case.expected)


@pytest.mark.parametrize("board", ["host", "mps2_an500"])
def test_others_networks_run(board: str, tmp_path: Path) -> None:
    """Both forms, signed and unsigned, in one program on a board."""
    cases = []
    for name, form, option in (
        ("torch_like", "gemm", "per_channel"),
        ("tensorflow_like", "matmul", "uint8_per_channel"),
        ("unsigned", "gemm", "uint8_both"),
    ):
        folder = tmp_path / name
        folder.mkdir()
        graph = read_graph(quantized(folder, form, "Clip", OPTIONS[option]))
        cases.append(Case(name, graph, stored(graph)))
    for found, case in zip(run_cases(cases, tmp_path / board, board), cases, strict=True):
        np.testing.assert_array_equal(found, case.expected)
