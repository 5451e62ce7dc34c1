"""A bounded sample of random graphs; `dag_campaign` runs thousands."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from codegen.ir.graph import Graph
from codegen.ops import operators
from codegen.ops.average_pool import AveragePoolOperator
from codegen.reader.qdq import read_graph
from tests.codegen import dag_campaign
from tests.codegen.dag_campaign import campaign, dag_case, unexplained
from tests.codegen.programs import Case
from tests.codegen.random_dags import random_dag

SEED = 1


@pytest.mark.parametrize(("board", "networks"), [("host", 8), ("mps2_an500", 4)])
def test_sample(board: str, networks: int) -> None:
    """Other networks on each board."""
    first = 0 if board == "host" else 1000
    report = campaign(SEED, range(first, first + networks), board)
    assert report.findings == {}
    assert report.networks == networks and report.outputs > 100 * networks


# A copy is what a pass adds, later. The others have tests of their own: ends in float32 and int32,
# folded normalization, and functions of which onnxruntime's bytes differ by more than ties.
NOT_DRAWN = {
    "copy",
    "affine",
    "arg_max",
    "float_weights",
    "interpolate",
    "log_softmax",
    "mat_mul",
    "prelu",
    "thresholds",
    "float_softmax",
}


def test_the_graphs_are_what_they_claim(tmp_path: Path) -> None:
    """Every operator, both types, branches, several inputs and outputs; outputs that say much."""
    graphs: list[Graph] = []
    seen: Counter[str] = Counter()
    for number in range(150):
        model = random_dag(np.random.default_rng([SEED, number]))
        seen.update({node.op_type for node in model.nodes})
        graphs.append(read_graph(model.save(tmp_path / "dag.onnx")))
    found = {type(op) for graph in graphs for op in graph.ops}
    assert {each.op_type for each in operators() if each.stem not in NOT_DRAWN} <= found
    rare = {name: count for name, count in seen.items() if count < 2}
    assert len(seen) > 40 and not rare
    assert sum(len(graph.inputs) > 1 for graph in graphs) > 30
    assert sum(len(graph.outputs) > 1 for graph in graphs) > 60
    branches = [any(len(g.users(v)) > 1 for v in g.values) for g in graphs]
    assert sum(branches) > 60
    expected = [dag_case(SEED, number, tmp_path)[1].expected for number in range(30)]
    assert sum(len(np.unique(rows)) > 40 for rows in expected) > 20


def test_a_wrong_reference_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """onnxruntime is a judge of its own."""
    true = AveragePoolOperator.reference
    monkeypatch.setattr(
        AveragePoolOperator,
        "reference",
        lambda self, op, *inputs: true(self, op, *inputs) // np.int8(2),
    )
    said = [unexplained(*dag_case(SEED, number, tmp_path)) for number in range(8)]
    assert any("bytes differ from onnxruntime" in text for text in said)
    assert not all(said)


def test_wrong_c_and_a_refusal_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under their numbers, with the others unharmed, and their models kept."""

    class Doubted(Case):
        """A network of which one byte is believed to be another."""

        @property
        def expected(self) -> np.ndarray:
            believed = super().expected.copy()
            believed[1, 0] ^= int(self.name == "dag_3")
            return believed

    def refusing(path: Path) -> Graph:
        return read_graph(path if path.stem != "dag_1_2" else path.with_name("none"))

    monkeypatch.setattr(dag_campaign, "Case", Doubted)
    monkeypatch.setattr(dag_campaign, "read_graph", refusing)
    report = campaign(SEED, range(2, 5), keep=tmp_path)
    assert sorted(report.findings) == [2, 3]
    assert "no such file" in report.findings[2] and report.findings[3].startswith("1 of ")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dag_1_2.onnx", "dag_1_3.onnx"]
