"""Forms in which the same network comes from other exporters and quantizers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto

from codegen.ir.identity import content_hash
from codegen.reader.qdq import read_graph
from codegen.reference import run
from tests.codegen.models import QdqModel, random_layer, two_layers
from tests.codegen.oracle import onnxruntime_outputs, stored_inputs
from tests.ops.conftest import read


def agrees(model: QdqModel, folder: Path) -> None:
    """The bytes are onnxruntime's, and not all the same."""
    graph = read(model, folder)
    inputs = stored_inputs(graph)
    expected = onnxruntime_outputs(model.build(), graph, inputs)
    np.testing.assert_array_equal(run(graph, inputs), expected)
    assert len(np.unique(expected)) > 4


@pytest.mark.parametrize("location", ["weights.bin", "weights.onnx.data"])
def test_weights_in_a_file_beside_the_model(location: str, tmp_path: Path) -> None:
    """As neural-compressor writes it."""
    model = two_layers().build()
    plain = read(two_layers(), tmp_path)
    onnx.save(
        model,
        tmp_path / "apart.onnx",
        save_as_external_data=True,
        location=location,
        size_threshold=0,
    )
    apart = onnx.load(tmp_path / "apart.onnx", load_external_data=False)
    assert all(t.data_location == TensorProto.EXTERNAL for t in apart.graph.initializer)
    assert content_hash(read_graph(tmp_path / "apart.onnx")) == content_hash(plain)


@pytest.mark.parametrize("opset", [10, 11, 12])
def test_older_opsets(opset: int, tmp_path: Path) -> None:
    # The zero points of these opsets' DequantizeLinear are scalars; scales per channel are newer.
    rng = np.random.default_rng(1)
    model = QdqModel((1, 1, 2, 3)).qdq(0.05, 3).then("Flatten", axis=1)
    weights, bias = random_layer(rng, 5, 6)
    unit = np.float32(0.05) * np.float32(0.0123)
    operands = model.dequantized(weights, 0.0123), model.dequantized(bias, unit)
    model.then("Gemm", *operands, transB=1).qdq(0.02, -128)
    plain = content_hash(read(model, tmp_path))
    model.opset = opset
    assert content_hash(read(model, tmp_path, check=False)) == plain


@pytest.mark.parametrize("opset", [10, 11, 12])
def test_images_of_older_opsets(opset: int, tmp_path: Path) -> None:
    """The same network, where axes were attributes."""
    model = QdqModel((1, 2, 4, 6)).qdq(0.05, 3).then("MaxPool", kernel_shape=[2, 2]).qdq(0.05, 3)
    model.then("ReduceMean", axes=[2, 3], keepdims=1).qdq(0.031, 1)
    model.then("Squeeze", axes=[2, 3]).then("Unsqueeze", axes=[2]).then("Relu").qdq(0.02, -128)
    model.opset = opset
    path = model.save(tmp_path / "model.onnx", check=False)
    graph = read_graph(path)
    assert graph.output.shape == (1, 2, 1)
    inputs = stored_inputs(graph)
    found = run(graph, inputs).astype(int)
    expected = onnxruntime_outputs(path, graph, inputs)
    assert np.abs(found - expected).max() <= 1
    assert np.count_nonzero(found != expected) <= 2


def clipped(dtype: type[np.generic], low: int, high: int) -> Callable[[], QdqModel]:
    """Clip between Q and DQ, of an activation and of weights, as brevitas writes narrow ranges."""

    def build() -> QdqModel:
        rng = np.random.default_rng(2)
        zero = 128 if dtype == np.uint8 else 0
        model = QdqModel((1, 6)).quantize(2.0**-5, 3 + zero, dtype)
        model.then("Clip", model.constant(low, dtype), model.constant(high, dtype))
        model.dequantize(2.0**-5, 3 + zero, dtype)
        bounds = model.constant(-100, np.int8), model.constant(100, np.int8)
        stored = model.constant(random_layer(rng, 5, 6)[0])
        narrow = model.add("Clip", [stored, *bounds])
        scale = model.constant(2.0**-8, np.float32)
        weights = model.add("DequantizeLinear", [narrow, scale])
        return model.then("Gemm", weights, transB=1).qdq(2.0**-3, 0)

    return build


@pytest.mark.parametrize(
    "build",
    [clipped(np.int8, -127, 127), clipped(np.int8, -60, 50), clipped(np.uint8, 3, 200)],
)
def test_clip_on_integers(build: Callable[[], QdqModel], tmp_path: Path) -> None:
    agrees(build(), tmp_path)
