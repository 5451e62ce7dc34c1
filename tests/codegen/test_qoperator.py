"""QOperator format, as onnxruntime's quantizer writes it: the same network as in QDQ format."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quantize_static,
)

from codegen.reader.qdq import read_graph
from codegen.reference import run
from support.errors import UserError
from tests.codegen.models import QdqModel, random_layer
from tests.codegen.oracle import onnxruntime_outputs, stored_inputs
from tests.ops.conftest import read


class Calibration(CalibrationDataReader):  # type: ignore[misc]
    """Thirty images of noise."""

    def __init__(self) -> None:
        rng = np.random.default_rng(1)
        self.rows = iter(rng.normal(0, 1, (30, 1, 2, 8, 8)).astype(np.float32))

    def get_next(self) -> dict[str, np.ndarray] | None:
        """One more, or None."""
        row = next(self.rows, None)
        return None if row is None else {"input": row}


def float_model(path: Path) -> Path:
    """Conv, Relu, MaxPool, a residual Add, a Concat, averages, Gemm, Sigmoid."""
    rng = np.random.default_rng(2)
    model = QdqModel((1, 2, 8, 8))

    def conv(outputs: int, inputs: int, size: int) -> QdqModel:
        weights = rng.normal(0, 0.4, (outputs, inputs, size, size)).astype(np.float32)
        bias = model.constant(rng.normal(0, 0.2, outputs).astype(np.float32))
        return model.then("Conv", model.constant(weights), bias, pads=[size // 2] * 4)

    conv(4, 2, 3).then("Relu").then("MaxPool", kernel_shape=[2, 2], strides=[2, 2])
    skipped = model.value
    conv(4, 4, 3)
    model.value = model.add("Add", [skipped, model.value])
    model.value = model.add("Concat", [skipped, model.value], axis=1)
    model.then("AveragePool", kernel_shape=[3, 3], strides=[1, 1]).then("Flatten", axis=1)
    weights = rng.normal(0, 0.3, (5, 32)).astype(np.float32)
    bias = model.constant(rng.normal(0, 0.2, 5).astype(np.float32))
    model.then("Gemm", model.constant(weights), bias, transB=1).then("Sigmoid")
    model.opset = 17
    return model.save(path)


@pytest.mark.parametrize("per_channel", [False, True])
@pytest.mark.parametrize("dtype", [QuantType.QUInt8, QuantType.QInt8])
def test_onnxruntimes_quantizer(dtype: QuantType, per_channel: bool, tmp_path: Path) -> None:
    source, target = float_model(tmp_path / "float.onnx"), tmp_path / "int8.onnx"
    logging.disable(logging.CRITICAL)
    try:
        quantize_static(
            source,
            target,
            Calibration(),
            quant_format=QuantFormat.QOperator,
            activation_type=dtype,
            weight_type=QuantType.QInt8,
            per_channel=per_channel,
        )
    finally:
        logging.disable(logging.NOTSET)
    kinds = {node.op_type for node in onnx.load(target).graph.node}
    assert {"QLinearConv", "QGemm", "QLinearAdd", "QLinearConcat", "QLinearSigmoid"} <= kinds
    graph = read_graph(target)
    inputs = stored_inputs(graph, count=100)
    found = run(graph, inputs).astype(int)
    expected = onnxruntime_outputs(target, graph, inputs, unsigned=dtype == QuantType.QUInt8)
    # onnxruntime's own integer kernels decide averages' ties otherwise; one byte later may differ.
    assert np.abs(found - expected).max() <= 1
    assert np.count_nonzero(found != expected) <= 0.05 * found.size
    assert len(np.unique(found)) > 30


def test_matrix(tmp_path: Path) -> None:
    """QLinearMatMul, per column, exact."""
    weights, _ = random_layer(np.random.default_rng(3), 5, 6)
    model = QdqModel((1, 6)).quantize(2.0**-5, 3)
    operands = [
        model.constant(2.0**-5, np.float32),
        model.constant(3, np.int8),
        model.constant(weights.T.copy()),
        model.constant([2.0**-8, 2.0**-7, 2.0**-8, 2.0**-9, 2.0**-8], np.float32),
        model.constant(np.zeros(5), np.int8),
        model.constant(2.0**-3, np.float32),
        model.constant(-7, np.int8),
    ]
    model.then("QLinearMatMul", *operands).dequantize(2.0**-3, -7)
    graph = read(model, tmp_path)
    inputs = stored_inputs(graph)
    expected = onnxruntime_outputs(model.build(), graph, inputs)
    np.testing.assert_array_equal(run(graph, inputs), expected)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8])
@pytest.mark.parametrize("given", [True, False])
def test_pad_of_integers(dtype: type[np.generic], given: bool, tmp_path: Path) -> None:
    """Its value is a byte; none is the byte 0, whatever that means."""
    model = QdqModel((1, 2, 3)).quantize(0.1, 5, dtype)
    operands = [model.constant([0, 1, 0, 0, 0, 2], np.int64)]
    operands += [model.constant(np.array(77, dtype))] if given else []
    model.then("Pad", *operands).dequantize(0.1, 5, dtype)
    graph = read(model, tmp_path)
    inputs = stored_inputs(graph)
    expected = onnxruntime_outputs(model.build(), graph, inputs)
    np.testing.assert_array_equal(run(graph, inputs), expected)


@pytest.mark.parametrize("op", ["ArgMax", "ArgMin"])
def test_the_largest_of_integers(op: str, tmp_path: Path) -> None:
    model = QdqModel((1, 6)).quantize(0.1, 130, np.uint8).then(op, axis=1, keepdims=0).output()
    graph = read(model, tmp_path)
    inputs = stored_inputs(graph)
    expected = onnxruntime_outputs(model.build(), graph, inputs)
    np.testing.assert_array_equal(run(graph, inputs), expected)


@pytest.mark.parametrize(
    ("op", "domain", "message"),
    [
        ("DynamicQuantizeLinear", "", "is of dynamic quantization, which has no fixed scales"),
        ("DynamicQuantizeMatMul", "com.microsoft", "is of dynamic quantization"),
        ("LSTM", "", "recurrent layers are not supported"),
        ("GRU", "", "recurrent layers are not supported"),
        ("MatMulNBits", "com.microsoft", "4 bits"),
        ("QGemm", "com.microsoft", "has 1 operands, not 6 or more"),
    ],
)
@pytest.mark.parametrize("shape", [(1, 4), (5, 1, 4)])
def test_refused_by_name(
    op: str, domain: str, message: str, shape: tuple[int, ...], tmp_path: Path
) -> None:
    """Recurrent layers of several steps, too, whose inputs have no batch in front."""
    if len(shape) == 3 and op not in ("LSTM", "GRU"):
        return
    given = helper.make_tensor_value_info("input", TensorProto.FLOAT, shape)
    found = helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, 4])
    node = helper.make_node(op, ["input"], ["output"], "it", domain=domain)
    graph = helper.make_graph([node], "graph", [given], [found])
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    path = tmp_path / "model.onnx"
    onnx.save(helper.make_model(graph, opset_imports=opsets), path)
    with pytest.raises(UserError, match=message):
        read_graph(path)
