"""Two values of which one is a layer's sums that nobody has quantized: torchao's residual form."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from codegen.cut.opened import open_network
from codegen.ir.types import DType
from codegen.ops.elementwise import Elementwise
from codegen.reader.qdq import read_graph
from model.layer_verdict import judge
from model.layers import by_onnxruntime
from support.errors import UserError
from tests.codegen.models import QdqModel
from tests.codegen.oracle import stored_inputs
from tests.codegen.programs import Case, run_cases


def residual(function: str = "Add", sums_first: bool = True) -> QdqModel:
    """Sums of a convolution with a float bias, joined with what it reads, then a Relu."""
    rng, model = np.random.default_rng(4), QdqModel((1, 3, 6, 5)).qdq(0.05, 3)
    read = model.value
    weights = model.dequantized(rng.integers(-128, 128, (3, 3, 3, 3)).astype(np.int8), 0.01)
    bias = model.constant(rng.normal(size=3), np.float32)
    sums = model.then("Conv", weights, bias, pads=[1, 1, 1, 1]).value
    model.value = model.add(function, [sums, read] if sums_first else [read, sums])
    return model.then("Relu").qdq(0.11, -100)


def of_vectors() -> QdqModel:
    """Sums of a fully connected layer, less a value that has another scale."""
    rng, model = np.random.default_rng(5), QdqModel((1, 8)).qdq(0.05, 3)
    read = model.value
    model.gemm(rng.integers(-128, 128, (8, 8)).astype(np.int8), 0.01)
    model.value = model.add("Sub", [read, model.value])
    return model.qdq(0.2113, 7)


MODELS: dict[str, Callable[[], QdqModel]] = {
    "sums_first": residual,
    "sums_second": lambda: residual(sums_first=False),
    "less_sums": lambda: residual("Sub", sums_first=False),
    "times_sums": lambda: residual("Mul"),
    "of_vectors": of_vectors,
}


@pytest.mark.parametrize("name", MODELS)
def test_every_byte_is_the_exact_values(name: str, tmp_path: Path) -> None:
    path = MODELS[name]().save(tmp_path / "model.onnx")
    graph = read_graph(path)
    (op,) = (op for op in graph.ops if isinstance(op, Elementwise))
    assert [value.dtype for value in op.inputs].count(DType.FLOAT32) == 1
    opened = open_network(path, stored_inputs(graph))
    *_, last = judge(by_onnxruntime(opened.cut, opened.arrays))
    assert not last.unexplained and last.differing < last.layer.reference.size / 1000
    assert len(np.unique(last.layer.reference)) > 20


@pytest.mark.parametrize(("board", "count"), [("host", 32), ("mps2_an500", 6)])
def test_in_c(board: str, count: int, tmp_path: Path) -> None:
    cases = []
    for name, build in MODELS.items():
        graph = read_graph(build().save(tmp_path / f"{name}.onnx"))
        cases.append(Case(name, graph, stored_inputs(graph)[:count]))
    for case, outputs in zip(cases, run_cases(cases, tmp_path, board), strict=True):
        np.testing.assert_array_equal(outputs, case.expected, case.name)


def test_two_sums_are_refused_by_name(tmp_path: Path) -> None:
    model = QdqModel((1, 4)).qdq(0.1, 0)
    read, rng = model.value, np.random.default_rng(6)
    weights = rng.integers(-128, 128, (4, 4)).astype(np.int8)
    first = model.gemm(weights, 0.01).value
    second = model.at(read).gemm(weights[::-1].copy(), 0.01).value
    model.value = model.add("Add", [first, second])
    path = model.qdq(0.1, 0).save(tmp_path / "two.onnx")
    with pytest.raises(UserError, match=r"node 'add_\d+' \(Add\): its input is not quantized"):
        read_graph(path)
