"""Softmax of a layer's sums that nobody has quantized, with and without a QuantizeLinear behind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from codegen.cut.opened import open_network
from codegen.ir.graph import Value
from codegen.ir.types import DType, Quantization, TensorType
from codegen.ops.float_softmax import OPERATOR, FloatSoftmax
from codegen.reader.qdq import read_graph
from model.layer_verdict import judge
from model.layers import by_onnxruntime
from tests.codegen.graphs import classes
from tests.codegen.models import QdqModel
from tests.codegen.oracle import stored_inputs
from tests.codegen.programs import Case, run_cases

SCALE, ZERO = 1 / 256, -128


def of_an_image() -> QdqModel:
    """Along the channels of a convolution, whose bytes lie last; in output steps so fine, and so
    many, that the last bit of an exponential shows in some."""
    rng, model = np.random.default_rng(9), QdqModel((1, 2, 12, 14)).qdq(0.05, 3)
    weights = model.dequantized(rng.integers(-128, 128, (6, 2, 3, 3)).astype(np.int8), 0.002)
    return model.then("Conv", weights).then("Softmax", axis=1).qdq(1 / 2048, -120)


MODELS: dict[str, Callable[[], QdqModel]] = {
    "quantized": classes,
    "left_in_float": lambda: classes(quantized=False),
    "of_an_image": of_an_image,
}


@pytest.mark.parametrize("name", MODELS)
def test_like_onnxruntime_but_for_a_step(name: str, tmp_path: Path) -> None:
    path = MODELS[name]().save(tmp_path / "model.onnx")
    graph = read_graph(path)
    assert any(isinstance(op, FloatSoftmax) for op in graph.ops)
    opened = open_network(path, stored_inputs(graph))
    *_, last = judge(by_onnxruntime(opened.cut, opened.arrays))
    assert last.layer.operator == "Softmax" and not last.unexplained
    assert last.differing <= last.layer.reference.size / 100
    assert len(np.unique(last.layer.reference)) > 40


@pytest.mark.parametrize(("board", "count"), [("host", 32), ("mps2_an500", 6)])
def test_in_c(board: str, count: int, tmp_path: Path) -> None:
    cases = []
    for name, build in MODELS.items():
        graph = read_graph(build().save(tmp_path / f"{name}.onnx"))
        cases.append(Case(name, graph, stored_inputs(graph)[:count]))
    for case, outputs in zip(cases, run_cases(cases, tmp_path, board), strict=True):
        np.testing.assert_array_equal(outputs, case.expected, case.name)


def test_within_two_hundredths_of_a_step() -> None:
    """Against float64, of numbers of every size; infinite ones count as the largest."""
    rng = np.random.default_rng(10)
    rows = (rng.normal(size=(4000, 9)) * rng.uniform(0.01, 9, (4000, 1))).astype(np.float32)
    source = Value("x", TensorType((1, 9), None, DType.FLOAT32))
    target = Value("y", TensorType((1, 9), Quantization(np.float32(SCALE), ZERO)))
    op = FloatSoftmax("softmax", (source,), (target,), 1)
    powers = np.exp(rows.astype(float) - rows.max(1, keepdims=True))
    steps = 256 * powers / powers.sum(1, keepdims=True)
    found = OPERATOR.reference(op, rows).astype(int) - ZERO
    assert np.abs(found - np.minimum(steps, 255)).max() <= 0.52
    ends = np.array([[np.inf, 1, -np.inf], [-np.inf] * 3], np.float32)
    assert OPERATOR.reference(op, ends).tolist() == [[127, -128, -128], [-43] * 3]
