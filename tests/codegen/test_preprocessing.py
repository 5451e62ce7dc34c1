"""Arithmetic on float inputs inside a model: applied by whoever quantizes, no layer."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto

from codegen.generate import generate
from codegen.inputs import load_inputs, random_inputs, takes_bytes
from codegen.ir.identity import content_hash
from codegen.ops.concat import Concat
from codegen.reference import quantize_inputs, run
from support.errors import UserError
from tests.codegen.models import QdqModel, random_layer
from tests.ops.conftest import read

INPUT, WEIGHT, OUTPUT = 2.0**-5, 2.0**-8, 2.0**-2


def layer(model: QdqModel, inputs: int) -> QdqModel:
    weights, bias = random_layer(np.random.default_rng(1), 5, inputs)
    model.then("Flatten", axis=1)
    return model.gemm(weights, WEIGHT, bias, INPUT * WEIGHT).qdq(OUTPUT, 1)


def constant(model: QdqModel, *values: float, shape: tuple[int, ...] = ()) -> str:
    return model.constant(np.array(values, np.float32).reshape(shape))


def scalars() -> QdqModel:
    model = QdqModel((1, 2, 3, 2)).then("Cast", to=TensorProto.FLOAT)
    model.then("Div", constant(model, 255)).then("Sub", constant(model, 0.45))
    model.then("Div", constant(model, 0.225))
    return layer(model.qdq(INPUT, 3), 12)


def per_channel() -> QdqModel:
    model = QdqModel((1, 2, 3, 2))
    model.then("Sub", constant(model, 120, 110, shape=(1, 2, 1, 1)))
    model.then("Mul", constant(model, 1 / 58, 1 / 57, shape=(2, 1, 1)))
    return layer(model.qdq(INPUT, 3), 12)


def channels_last() -> QdqModel:
    """Transposed before and between: the constants go back to where the input's elements stand."""
    model = QdqModel((1, 3, 4, 2))
    model.then("Mul", constant(model, 0.01, 0.02, shape=(2,)))
    model.then("Transpose", perm=[0, 3, 1, 2])
    model.then("Sub", constant(model, 0.5, 0.7, shape=(1, 2, 1, 1)))
    model.then("Reshape", model.constant([1, 2, 12], np.int64))
    model.then("Add", constant(model, *np.linspace(0, 1, 12), shape=(1, 1, 12)))
    return layer(model.qdq(INPUT, 3), 24)


def constant_first() -> QdqModel:
    model = QdqModel((1, 6))
    model.value = model.add("Sub", [constant(model, 1), model.value])
    return layer(model.qdq(INPUT, 3), 6)


FORMS: dict[str, Callable[[], QdqModel]] = {
    "scalars": scalars,
    "per_channel": per_channel,
    "channels_last": channels_last,
    "constant_first": constant_first,
}


def onnxruntimes(model: onnx.ModelProto, feeds: dict[str, np.ndarray]) -> np.ndarray:
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    rows = len(next(iter(feeds.values())))
    found = [
        session.run(None, {name: each[row : row + 1] for name, each in feeds.items()})[0]
        for row in range(rows)
    ]
    return np.concatenate(found).reshape(rows, -1)


@pytest.mark.parametrize("form", FORMS)
def test_pixels_in_bytes_out(form: str, tmp_path: Path) -> None:
    """onnxruntime and the reference are given the same raw numbers."""
    model = FORMS[form]()
    graph = read(model, tmp_path)
    high = 6 if form == "constant_first" else 255
    given = np.random.default_rng(2).uniform(0, high, (50, *graph.input.shape[1:]))
    raw = given.astype(np.float32)
    expected = graph.output.quantization.quantize(onnxruntimes(model.build(), {"input": raw}))
    found = run(graph, quantize_inputs(raw, graph))
    np.testing.assert_array_equal(found, expected)
    assert len(np.unique(found)) > 20


def test_joined_inputs(tmp_path: Path) -> None:
    """Each of its own arithmetic, quantized together."""
    model = QdqModel((1, 3)).input("second", (1, 2, 2))
    model.then("Reshape", model.constant([1, 4], np.int64)).then("Div", constant(model, 10))
    model.value = model.add("Concat", ["input", model.value], axis=-1)
    layer(model.qdq(INPUT, 3), 7)
    graph = read(model, tmp_path)
    assert isinstance(graph.ops[0], Concat) or isinstance(graph.ops[1], Concat)
    rng = np.random.default_rng(3)
    feeds = {
        "input": rng.uniform(-3, 3, (40, 3)).astype(np.float32),
        "second": rng.uniform(-30, 30, (40, 2, 2)).astype(np.float32),
    }
    raw = np.concatenate([feeds["input"], feeds["second"].reshape(40, 4)], axis=1)
    expected = graph.output.quantization.quantize(onnxruntimes(model.build(), feeds))
    np.testing.assert_array_equal(run(graph, quantize_inputs(raw, graph)), expected)


def test_bytes_that_become_numbers(tmp_path: Path) -> None:
    """A uint8 input and a Cast: quantized with scale 1; what follows is a table."""
    model = QdqModel((1, 6), np.uint8).then("Cast", to=TensorProto.FLOAT)
    layer(model.then("Div", constant(model, 32)).qdq(INPUT, 3), 6)
    graph = read(model, tmp_path)
    raw = np.random.default_rng(4).integers(0, 256, (40, 6)).astype(np.uint8)
    expected = graph.output.quantization.quantize(onnxruntimes(model.build(), {"input": raw}))
    stored = (raw.astype(np.int16) - 128).astype(np.int8)
    np.testing.assert_array_equal(run(graph, stored), expected)
    np.testing.assert_array_equal(quantize_inputs(raw.astype(np.float32), graph), stored)


def test_it_is_said_and_part_of_the_identity(tmp_path: Path) -> None:
    graph = read(per_channel(), tmp_path)
    plain = layer(QdqModel((1, 2, 3, 2)).qdq(INPUT, 3), 12)
    assert content_hash(graph) != content_hash(read(plain, tmp_path))
    generate(graph, "net", tmp_path)
    wanted = "((x - [120, 110]) * [0.0172413792, 0.0175438598])"
    manifest = json.loads((tmp_path / "net_manifest.json").read_text())
    assert manifest["inputs"][0]["preprocessing"] == wanted
    assert wanted in (tmp_path / "net_generate_report.txt").read_text()
    assert wanted in (tmp_path / "net.h").read_text()


def test_images_of_bytes_are_not_scaled_twice(tmp_path: Path) -> None:
    """A network that divides by 255 itself is given 0 to 255; another 0 to 1."""
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 12) * 10
    np.save(tmp_path / "pixels.npy", pixels)
    graph = read(scalars(), tmp_path)
    assert takes_bytes(graph)
    np.testing.assert_array_equal(
        load_inputs(graph, tmp_path / "pixels.npy", None)["inputs"], pixels
    )
    plain = read(layer(QdqModel((1, 12)).qdq(1 / 255, -128), 12), tmp_path)
    assert not takes_bytes(plain)
    assert load_inputs(plain, tmp_path / "pixels.npy", None)["inputs"].max() < 1


def test_random_inputs_use_the_whole_range(tmp_path: Path) -> None:
    graph = read(scalars(), tmp_path)
    stored = quantize_inputs(random_inputs(graph, 200, 1)["inputs"], graph)
    assert len(np.unique(stored)) > 250


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (
            lambda m: m.then("Sub", m.constant(np.ones((2, 6), "f4"))).qdq(INPUT, 0),
            r"its operands have shapes \[1, 6\] and \[2, 6\]",
        ),
        (lambda m: m.then("Div", m.constant(np.float32(np.nan))).qdq(INPUT, 0), "not finite"),
        (
            lambda m: (
                m.add("Relu", [m.add("QuantizeLinear", [m.value, m.constant(1, "f4")])])
                and m.then("Mul", m.constant(2, "f4")).qdq(INPUT, 0).output().at("input")
                and m.qdq(INPUT, 0).output()
            ),
            "quantizes input 'input' otherwise than another node does",
        ),
    ],
)
def test_refused(build: Callable[[QdqModel], object], message: str, tmp_path: Path) -> None:
    model = QdqModel((1, 6))
    build(model)
    with pytest.raises(UserError, match=message):
        read(model, tmp_path, check=False)
