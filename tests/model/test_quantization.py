"""The int8 model: form, ranges, accuracy gate, and that it is what its scales say."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from model import given_network, int8_check, qdq
from support.errors import UserError
from tests.model.products import Products, run_here


@pytest.fixture(scope="module")
def int8(products: Products) -> onnx.ModelProto:
    return onnx.load(products.int8)


def constants(model: onnx.ModelProto) -> dict[str, np.ndarray]:
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}


def test_form(int8: onnx.ModelProto) -> None:
    onnx.checker.check_model(int8, full_check=True)
    assert [(o.domain, o.version) for o in int8.opset_import] == [("", 17)]
    assert int8.ir_version == 8
    assert {node.domain for node in int8.graph.node} == {""}
    assert [node.op_type for node in int8.graph.node if "Linear" not in node.op_type] == [
        "Flatten",
        "Gemm",
        "Gemm",
        "Gemm",
    ]


def test_weights_are_symmetric_per_channel_and_close(
    products: Products, int8: onnx.ModelProto
) -> None:
    original = constants(onnx.load(products.onnx))
    found = qdq.weights(int8)
    assert [tensor.values.shape for tensor in found] == [(128, 784), (64, 128), (10, 64)]
    for layer, tensor in enumerate(found, start=1):
        assert tensor.values.min() >= -127
        assert (np.abs(tensor.values.astype(int)).max(axis=1) == 127).all()
        assert not constants(int8)[f"fc{layer}.weight_zero_point"].any()
        error = np.abs(tensor.values * tensor.scales[:, None] - original[f"fc{layer}.weight"])
        assert (error <= 0.5001 * tensor.scales[:, None]).all()


def test_bias_scale_is_the_product_of_input_and_weight_scale(int8: onnx.ModelProto) -> None:
    values = constants(int8)
    for layer, activation in enumerate(qdq.activations(int8)[:3], start=1):
        assert values[f"fc{layer}.bias_quantized"].dtype == np.int32
        np.testing.assert_allclose(
            values[f"fc{layer}.bias_quantized_scale"],
            activation.scale * values[f"fc{layer}.weight_scale"],
            rtol=1e-6,
        )


def test_input_covers_the_normalized_range(int8: onnx.ModelProto) -> None:
    """Normalize((0.5,), (0.5,)) gives -1 to 1, so 255 steps of 2/255 around zero."""
    first, _ = qdq.input_and_output(int8)
    assert first.scale == pytest.approx(2 / 255, rel=1e-6)
    assert first.zero_point in (0, -1)


def test_relu_survives(int8: onnx.ModelProto) -> None:
    """After each hidden layer the smallest byte means 0.0, whether or not a Relu node is left."""
    for hidden in qdq.activations(int8)[1:3]:
        assert hidden.zero_point == -128


def test_a_dropped_relu_is_noticed(products: Products, int8: onnx.ModelProto) -> None:
    broken = onnx.ModelProto()
    broken.CopyFrom(int8)
    name = next(
        node.input[2]
        for node in broken.graph.node
        if node.op_type == "QuantizeLinear" and "Relu" in node.input[0]
    )
    for tensor in broken.graph.initializer:
        if tensor.name == name:
            tensor.CopyFrom(numpy_helper.from_array(np.array(-1, dtype=np.int8), name))
    with pytest.raises(UserError, match="without its Relu"):
        int8_check.check(products.onnx, broken, onnx.load(products.onnx))


def test_a_weight_of_minus_128_is_noticed(products: Products, int8: onnx.ModelProto) -> None:
    broken = onnx.ModelProto()
    broken.CopyFrom(int8)
    for tensor in broken.graph.initializer:
        if tensor.name == "fc2.weight_quantized":
            values = numpy_helper.to_array(tensor).copy()
            values[0, 0] = -128
            tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
    with pytest.raises(RuntimeError, match=r"must lie in -127\.\.127"):
        int8_check.check(products.onnx, broken, onnx.load(products.onnx))


def test_all_of_the_calibrating_images_count(products: Products) -> None:
    """By minmax alone; with the others at most 1,000 of them do."""
    report = json.loads(products.report.read_text())["calibration"]
    assert (report["inputs"], report["method"], report["compared"]) == (2000, "minmax", 1000)
    assert list(report["methods"]) == ["minmax"]


def test_the_same_again_gives_the_same_bytes_and_a_loss_stops_the_build(
    products: Products, tmp_path: Path
) -> None:
    calibration = products.arrays("calibration")
    np.savez(tmp_path / "wide.npz", inputs=calibration["inputs"] * np.float32(300))
    out, report = tmp_path / "x.onnx", tmp_path / "x.json"

    def quantize(*more: object) -> None:
        run_here("quantize", *products.quantizing(), *more, "--out", out, "--report", report)

    with pytest.raises(UserError, match=r"int8 loses [\d.]+ points of accuracy"):
        quantize("--calibration", tmp_path / "wide.npz")
    assert not out.exists() and not report.exists()
    quantize()
    assert out.read_bytes() == products.int8.read_bytes()
    assert report.read_bytes() == products.report.read_bytes()


def test_another_method_is_tried_when_the_first_loses(products: Products, tmp_path: Path) -> None:
    """A unit that one wild image drives to 2000 ruins minmax's range; a percentile ignores it."""
    model = onnx.load(products.onnx)
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor).copy()
        if tensor.name == "fc1.weight":
            values[0] = 0
            values[0, 0] = 1000  # the corner pixel, which is background in every digit
        elif tensor.name == "fc1.bias":
            values[0] = 1000
        elif tensor.name == "fc2.weight":
            values[:, 0] = 0
        tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
    onnx.save(model, tmp_path / "wild.onnx")
    calibration = products.arrays("calibration")
    calibration["inputs"][0, 0, 0, 0] = 1
    np.savez(tmp_path / "wild.npz", **calibration)
    tried = given_network.quantize(
        tmp_path / "wild.onnx", tmp_path / "wild.npz", None, products.part("validation")
    )
    right = {method: quality.right or 0 for method, quality in tried.judged.items()}
    assert (tried.float_right or 0) - right["minmax"] > 1
    assert tried.best != "minmax"
    assert right[tried.best] > right["minmax"]
