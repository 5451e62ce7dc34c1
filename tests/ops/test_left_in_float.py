"""What quantizers leave in float, or on other scales, around operators that move bytes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from codegen.ir.graph import Graph
from codegen.reader.qdq import read_graph
from codegen.reference import run
from support.errors import UserError
from tests.codegen.models import QdqModel, random_layer
from tests.codegen.oracle import onnxruntime_outputs, stored_inputs


def same(model: QdqModel, folder: Path) -> Graph:
    """The graph; all of its bytes are onnxruntime's."""
    graph = read_graph(model.save(folder / "model.onnx"))
    inputs = stored_inputs(graph)
    expected = onnxruntime_outputs(model.build(), graph, inputs)
    assert len(np.unique(expected)) > 2
    np.testing.assert_array_equal(run(graph, inputs), expected)
    return graph


def image() -> QdqModel:
    return QdqModel((1, 2, 6, 6)).qdq(0.05, 3)


def pads(model: QdqModel) -> str:
    return model.constant([0, 0, 1, 0, 0, 0, 2, 1], np.int64)


@pytest.mark.parametrize("value", [0.0, 40.0, -3.4e38, 0.07])
def test_a_pad_of_what_the_input_cannot_hold(value: float, tmp_path: Path) -> None:
    """The output's quantization says what stands there, not the input's."""
    model = image()
    model.then("Pad", pads(model), model.constant(np.float32(value)))
    same(model.qdq(0.31, -5), tmp_path)


@pytest.mark.parametrize("op", ["MaxPool", "Slice", "Pad", "Transpose", "Flatten"])
def test_sums_that_move_at_the_end(op: str, tmp_path: Path) -> None:
    """They are float32: views and transpositions are read, what needs bytes is refused by name."""
    model = image()
    weights = np.random.default_rng(1).integers(-100, 101, (3, 2, 3, 3)).astype(np.int8)
    model.then("Conv", model.dequantized(weights, 0.01))
    operands = {
        "Slice": [model.constant([value], np.int64) for value in (1, 3, 2)],
        "Pad": [pads(model)],
    }
    attributes = {"MaxPool": {"kernel_shape": [2, 2]}, "Transpose": {"perm": [0, 2, 3, 1]}}
    model.then(op, *operands.get(op, []), **attributes.get(op, {})).output()
    if op in ("Transpose", "Flatten"):
        graph = read_graph(model.save(tmp_path / "model.onnx"))
        inputs = stored_inputs(graph)
        found, expected = (
            rows.view(np.float32)
            for rows in (run(graph, inputs), onnxruntime_outputs(model.build(), graph, inputs))
        )
        # onnxruntime adds in float32, one product after the other.
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5 * np.abs(expected).max())
        return
    with pytest.raises(UserError, match=rf"\({op}\): its result is the model's output") as caught:
        read_graph(model.save(tmp_path / "model.onnx"))
    assert "onnx.utils.extract_model" in caught.value.remedy


def test_the_remedy_of_a_float_end_works(tmp_path: Path) -> None:
    """`onnx.utils.extract_model` ends the network before what is not quantized."""
    weights, bias = random_layer(np.random.default_rng(1), 4, 6)
    model = QdqModel((1, 6)).qdq(0.1, 3).gemm(weights, 0.02, bias, 0.1 * 0.02).qdq(0.2, 1)
    end = model.value
    model.then("PRelu", model.constant(np.float32(0.2))).output()
    path, cut = model.save(tmp_path / "model.onnx"), tmp_path / "cut.onnx"
    with pytest.raises(UserError, match="is not quantized") as caught:
        read_graph(path)
    assert "onnx.utils.extract_model" in caught.value.remedy
    onnx.utils.extract_model(path, cut, ["input"], [end])
    assert read_graph(cut).outputs[0].shape == (1, 4)
