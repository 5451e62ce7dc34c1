"""The int8 model: form, ranges, accuracy gate, and that it is what its scales say."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from model import checkpoint, images, qdq, quantization_report
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
    with pytest.raises(RuntimeError, match="without its Relu"):
        quantization_report.check_int8(broken, onnx.load(products.onnx))


def test_report_tells_what_is_in_the_model(products: Products, int8: onnx.ModelProto) -> None:
    report = json.loads(products.report.read_text())
    assert report["calibration"]["images"] == 2000
    assert [(np.float32(a["scale"]), a["zero_point"]) for a in report["activations"]] == [
        (a.scale, a.zero_point) for a in qdq.activations(int8)
    ]
    for told, tensor in zip(report["weights"], qdq.weights(int8), strict=True):
        np.testing.assert_array_equal(np.float32(told["scales"]), tensor.scales)
    accuracy = report["accuracy"]
    assert accuracy["images"] == 10_000
    lost = accuracy["float_right"] - accuracy["int8_right"]
    assert accuracy["drop_points"] == pytest.approx(lost / 100)
    assert accuracy["drop_points"] <= 0.5


def test_the_same_again_gives_the_same_bytes_and_a_loss_stops_the_build(
    products: Products, mnist_dir: Path, tmp_path: Path
) -> None:
    report = json.loads(products.report.read_text())
    drop = report["accuracy"]["drop_points"]

    def quantize(max_drop: float) -> None:
        run_here(
            "quantize",
            "--data",
            mnist_dir,
            "--checkpoint",
            products.checkpoint,
            "--onnx",
            products.onnx,
            f"--max-accuracy-drop={max_drop}",
            "--out",
            tmp_path / "x.onnx",
            "--report",
            tmp_path / "x.json",
        )

    with pytest.raises(UserError, match="points of accuracy"):
        quantize(drop - 0.005)
    assert list(tmp_path.iterdir()) == []
    quantize(drop)
    assert (tmp_path / "x.onnx").read_bytes() == products.int8.read_bytes()
    assert (tmp_path / "x.json").read_bytes() == products.report.read_bytes()


def test_another_method_is_tried_when_the_first_loses(products: Products, mnist_dir: Path) -> None:
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
    trained = checkpoint.load(products.checkpoint)
    calibration = images.read(mnist_dir, "calibration", trained)
    calibration.inputs[0, 0, 0, 0] = 1
    validation = images.read(mnist_dir, "validation", trained)
    chosen = quantization_report.choose(model, calibration, validation)
    tried = chosen.validation_accuracy
    assert tried["float"] - tried["minmax"] > 0.001
    assert chosen.method == "percentile"
    assert tried["percentile"] > tried["minmax"]
    first, _ = qdq.input_and_output(chosen.model)
    assert first.scale == pytest.approx(2 / 255, rel=1e-6)
