"""The MLPerf Tiny networks, where their files are: ../shared/models beside the repository."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from codegen.cut.opened import open_network
from codegen.ir.graph import Graph
from codegen.reader.qdq import read_graph
from codegen.reference import run
from model.layer_verdict import judge
from model.litert import by_litert
from tests.codegen.oracle import stored_inputs
from tests.codegen.programs import Case, run_cases
from tests.zoo.entries import shared_models

MODELS = shared_models() or Path("none")
TWINS = {
    "ad01_int8": "ad01_autoencoder__mlperf",
    "kws_int8": "kws_dscnn__mlperf_nchw",
    "resnet8_int8": "resnet8_cifar10__mlperf_nchw",
    "vww96_int8": "vww96_mobilenetv1__mlperf_nchw",
}
# Averages of an even count have exact ties; LiteRT's sums have multipliers of 20 bits.
MAY_DIFFER = {"AVERAGE_POOL_2D", "MEAN", "ADD"}

pytestmark = pytest.mark.skipif(not MODELS.is_dir(), reason="the networks are not here")


@pytest.fixture(scope="module")
def graphs() -> dict[str, Graph]:
    return {name: read_graph(MODELS / f"{name}.tflite") for name in TWINS}


@pytest.mark.parametrize("name", TWINS)
def test_every_layer_with_forced_inputs(name: str, graphs: dict[str, Graph]) -> None:
    """Each operator gives LiteRT's bytes, but for averages' exact ties and sums' boundaries."""
    path = MODELS / f"{name}.tflite"
    opened = open_network(path, stored_inputs(graphs[name], count=5))
    forced = by_litert(path, opened.cut, opened.arrays)
    assert len(forced.layers) >= 10
    for each in judge(forced):
        assert not each.unexplained, each.name
        assert not each.differing or each.layer.operator in MAY_DIFFER, each.name


@pytest.mark.parametrize("name", TWINS)
def test_the_onnx_twin_has_the_same_bytes(name: str, graphs: dict[str, Graph]) -> None:
    """Both give images channels last at their ends: nothing is left to map."""
    twin = read_graph(MODELS / f"{TWINS[name]}.onnx")
    graph = graphs[name]
    assert twin.input.quantization == graph.input.quantization
    assert twin.input.size == graph.input.size
    inputs = stored_inputs(graph, count=5)
    np.testing.assert_array_equal(run(graph, inputs), run(twin, inputs))


@pytest.mark.parametrize(("board", "count"), [("host", 3), ("mps2_an500", 2)])
def test_in_c(board: str, count: int, graphs: dict[str, Graph], tmp_path: Path) -> None:
    cases = [
        Case(name, graph, stored_inputs(graph, count=5)[:count]) for name, graph in graphs.items()
    ]
    for case, outputs in zip(cases, run_cases(cases, tmp_path, board), strict=True):
        np.testing.assert_array_equal(outputs, case.expected, case.name)
