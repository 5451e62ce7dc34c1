"""Branches, several inputs, several outputs: the reference, C and the emulated board agree."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from codegen.ir.graph import Graph
from codegen.kernels.wanted import PORTABLE, Kernels
from codegen.plan import plan_network
from codegen.reader.qdq import read_graph
from codegen.reference import run
from tests.codegen.graphs import GRAPHS
from tests.codegen.oracle import onnxruntime_outputs, stored_inputs
from tests.codegen.programs import Case, run_cases


def read(name: str, folder: Path) -> Graph:
    return read_graph(GRAPHS[name]().save(folder / f"{name}.onnx"))


def cases(folder: Path) -> list[Case]:
    """Each network with portable and with packed kernels, and through the other interface."""
    found = []
    for name in GRAPHS:
        graph = read(name, folder)
        inputs = stored_inputs(graph)
        fast = Kernels("auto", inputs)
        found += [
            Case(f"{name}_portable", graph, inputs, PORTABLE),
            Case(f"{name}_auto", graph, inputs, fast),
            Case(f"{name}_st_ai", graph, inputs, fast, "st-ai"),
        ]
    return found


@pytest.mark.parametrize("name", GRAPHS)
def test_the_reference_is_onnxruntimes(name: str, tmp_path: Path) -> None:
    graph = read(name, tmp_path)
    inputs = stored_inputs(graph)
    expected = onnxruntime_outputs(GRAPHS[name]().build(), graph, inputs)
    np.testing.assert_array_equal(run(graph, inputs), expected)
    assert len(np.unique(expected)) > 16


@pytest.mark.parametrize("board", ["host", "mps2_an500"])
def test_c_computes_the_references_bytes(board: str, tmp_path: Path) -> None:
    made = cases(tmp_path)
    for case, outputs in zip(made, run_cases(made, tmp_path, board), strict=True):
        np.testing.assert_array_equal(outputs, case.expected, case.name)


def test_a_value_that_two_read_is_not_fused_away(tmp_path: Path) -> None:
    """The diamond's fork is the network's input, the residual blocks' are sums."""
    graph = read("residual", tmp_path)
    plan = plan_network(graph, Kernels("dense"))
    fused = [len(step.lowered.op.operations) for step in plan.steps]
    # Two layers in each block are a chain of their own; the last one stands alone.
    assert fused == [2, 1, 2, 1, 2, 1, 1]


def test_an_output_that_is_read_on_is_copied(tmp_path: Path) -> None:
    """The caller's memory may lie anywhere: kernels read from the arena."""
    plan = plan_network(read("two_in_two_out", tmp_path))
    assert [step.lowered.stem for step in plan.steps][-1] == "copy"
    assert all(place.kind != "output" for step in plan.steps for place in step.inputs)
