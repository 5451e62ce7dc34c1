"""Forms in which the same network comes from other exporters and quantizers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto

from codegen.ir.identity import content_hash
from codegen.reader.qdq import read_graph
from codegen.reference import run
from support.errors import UserError
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
def test_images_of_older_opsets(opset: int, tmp_path: Path) -> None:
    """The same network, where axes were attributes."""
    model = QdqModel((1, 2, 4, 6)).qdq(0.05, 3).then("MaxPool", kernel_shape=[2, 2]).qdq(0.05, 3)
    model.then("ReduceMean", axes=[2, 3], keepdims=1).qdq(0.031, 1)
    model.then("Squeeze", axes=[2, 3]).then("Unsqueeze", axes=[2]).then("Relu").qdq(0.02, -128)
    model.opset = opset
    path = model.save(tmp_path / "model.onnx")
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


def test_shape_arithmetic_is_folded(tmp_path: Path) -> None:
    """As legacy exporters write x.view(x.size(0), -1), with an open batch or not."""
    model = QdqModel((1, 2, 3, 4)).qdq(2.0**-5, 3)
    shape = model.add("Shape", [model.value])
    first = model.add("Gather", [shape, model.constant(0, np.int64)], axis=0)
    axes = model.constant([0], np.int64)
    rest = model.add("Unsqueeze", [model.add("Cast", [first], to=TensorProto.INT64), axes])
    wanted = model.add("Concat", [rest, model.constant([-1], np.int64)], axis=0)
    model.then("Reshape", wanted)
    weights, _ = random_layer(np.random.default_rng(3), 5, 24)
    agrees(model.gemm(weights, 2.0**-8).qdq(2.0**-2, 1), tmp_path)


def test_quantized_constants_are_joined(tmp_path: Path) -> None:
    """Quantizers put Q and DQ around constants, too, before somebody joins and reshapes them."""
    model = QdqModel((1, 4, 3)).qdq(0.05, 3)
    read = model.value
    parts = [
        model.dequantized(np.arange(-6, 0, dtype=np.int8).reshape(2, 3), 0.1, 3),
        model.dequantized(np.arange(6, dtype=np.int8).reshape(2, 3), 0.3, -2),
    ]
    model.at(model.add("Concat", parts, axis=0)).qdq(0.25, 1)
    model.then("Unsqueeze", model.constant([0], np.int64))
    model.at(model.add("Add", [read, model.value])).qdq(0.1, 4)
    agrees(model, tmp_path)


def test_masks_of_constants(tmp_path: Path) -> None:
    """bool, as an initializer: what a Where of constants chooses by."""
    model = QdqModel((1, 3)).qdq(0.05, 3)
    read = model.value
    mask = model.constant(np.array([True, False, True]))
    chosen = model.add(
        "Where", [mask, model.constant([1.0, 2.0, 3.0], np.float32), model.constant(np.float32(0))]
    )
    model.at(model.add("Add", [read, chosen])).qdq(0.1, 4)
    agrees(model, tmp_path)


def test_indices_that_nobody_reads(tmp_path: Path) -> None:
    """A second output is not asked for because it has a name."""
    model = QdqModel((1, 2, 4, 4)).qdq(0.05, 3)
    model.then("MaxPool", kernel_shape=[2, 2], strides=[2, 2]).qdq(0.05, 3)
    built = model.build()
    (pool,) = (node for node in built.graph.node if node.op_type == "MaxPool")
    pool.output.append("indices")
    path = tmp_path / "model.onnx"
    onnx.save(built, path)
    graph = read_graph(path)
    inputs = stored_inputs(graph)
    expected = onnxruntime_outputs(model.build(), graph, inputs)
    np.testing.assert_array_equal(run(graph, inputs), expected)
    built.graph.output.append(onnx.helper.make_tensor_value_info("indices", 7, [1, 2, 2, 2]))
    onnx.save(built, path)
    with pytest.raises(UserError, match="its indices are asked for"):
        read_graph(path)


def test_a_node_without_operands(tmp_path: Path) -> None:
    """Noise in a network is refused, not stumbled over."""
    model = QdqModel((1, 2)).qdq(0.1, 0)
    model.then("Add", model.add("RandomUniform", [], shape=[1, 2])).qdq(0.1, 0)
    with pytest.raises(UserError, match=r"'randomuniform_\d' .*unsupported operator"):
        read(model, tmp_path, check=False)


def test_a_legacy_pad_is_folded(tmp_path: Path) -> None:
    """ConstantOfShape, Concat, Reshape, Slice with a step of -1, Transpose, Reshape, Cast."""
    model = QdqModel((1, 2, 3, 4)).qdq(2.0**-5, 3)
    pads = model.constant([1, 2, 0, 1], np.int64)
    zeros = model.add(
        "ConstantOfShape",
        [model.constant([4], np.int64)],
        value=onnx.numpy_helper.from_array(np.zeros(1, np.int64)),
    )
    pairs = model.add("Concat", [pads, zeros], axis=0)
    pairs = model.add("Reshape", [pairs, model.constant([-1, 2], np.int64)])
    ends = [model.constant([value], np.int64) for value in (-1, -(2**63) + 1, 0, -1)]
    turned = model.add("Transpose", [model.add("Slice", [pairs, *ends])], perm=[1, 0])
    flat = model.add("Reshape", [turned, model.constant([-1], np.int64)])
    model.then("Pad", model.add("Cast", [flat], to=TensorProto.INT64)).qdq(2.0**-5, 3)
    agrees(model, tmp_path)
    assert read(model, tmp_path).output.shape == (1, 2, 4, 7)


@pytest.mark.parametrize(
    ("op", "operands", "message"),
    [
        ("ConstantOfShape", [[2**40]], "would make shape"),
        ("Expand", [[1], [2**40]], "would make shape"),
        ("Range", [[0], [2**40], [1]], "would make shape"),
        ("Range", [[0], [9], [0]], "a step of 0"),
        ("Div", [[1], [0]], "division by zero"),
        ("Concat", [[1, 2], [[3]]], "does not fit its operands"),
    ],
)
def test_hostile_arithmetic(op: str, operands: list[Any], message: str, tmp_path: Path) -> None:
    """Nothing is made before its size is known."""
    model = QdqModel((1, 2)).qdq(0.1, 0)
    given = [model.constant(each, np.int64) for each in operands]
    if op == "Range":
        given = [model.constant(each[0], np.int64) for each in operands]
    attributes: dict[str, Any] = {"axis": 0} if op == "Concat" else {}
    model.then("Reshape", model.add(op, given, **attributes)).qdq(0.1, 0)
    with pytest.raises(UserError, match=message):
        read(model, tmp_path, check=False)
