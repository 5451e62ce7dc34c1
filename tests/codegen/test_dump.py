"""What `generate --dump` tells, and kernels by processor."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from codegen.dump import dump
from codegen.generate import manifest
from codegen.ir.graph import Graph
from codegen.kernels.wanted import Kernels
from codegen.plan import plan_network
from codegen.reader.qdq import read_graph
from codegen.target import CORTEX_M7, Target, named_target, target_of
from support.errors import UserError
from tests.codegen.graphs import residual, two_in_two_out
from tests.codegen.oracle import stored_inputs
from tests.codegen.programs import toolchain

PORTABLE_ONLY = (
    Target("cortex-m3", "scalar", fpu=False),
    replace(CORTEX_M7, fpu=False),
    named_target("cortex-m0plus", fpu=False),
)


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    folder = tmp_path_factory.mktemp("residual")
    return read_graph(residual().save(folder / "residual.onnx"))


def dumped(graph: Graph, folder: Path) -> dict[str, str]:
    dump(graph, Kernels("auto", stored_inputs(graph)), CORTEX_M7, folder)
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_two_dumps_are_the_same_bytes(graph: Graph, tmp_path: Path) -> None:
    again = read_graph(residual().save(tmp_path / "residual.onnx"))
    assert dumped(graph, tmp_path / "one") == dumped(again, tmp_path / "two")


def test_what_is_told(graph: Graph, tmp_path: Path) -> None:
    made = dumped(graph, tmp_path)
    assert made["00-read.txt"].count("op     FullyConnected ") == 7
    assert made["01-fully_connected_chains.txt"].count("FullyConnectedChain") == 4
    assert "digraph network {" in made["00-read.dot"]
    # Every edge of the first block's fork is there: to the layer and to the sum.
    edges = re.findall(r"^  v0 -> (op\d+) ", made["00-read.dot"], re.MULTILINE)
    assert len(edges) == 2
    assert re.search(r"^gemm_\d+.*: chain: [\d,]+ cycles", made["kernels.txt"], re.MULTILINE)
    sizes = re.search(r"^arena (\d+) bytes; at least (\d+)", made["memory.txt"])
    assert sizes is not None and sizes[1] == sizes[2]
    assert "may begin from 0 bytes behind" in made["memory.txt"]
    svg = "{http://www.w3.org/2000/svg}"
    drawn = ElementTree.fromstring(made["network.svg"])
    # The input and ten layers; three blocks of three edges and what skips them, one at each end.
    assert len([e for e in drawn.iter(f"{svg}rect") if e.get("class") == "box"]) == 11
    assert len([e for e in drawn.iter(f"{svg}path") if e.get("class") == "arrow"]) == 13


@pytest.mark.parametrize("kernels", ["portable", "dense"])
def test_edges_go_on_through_views(kernels: str, tmp_path: Path) -> None:
    """The second input is flattened; layers of a chain keep their own edges."""
    graph = read_graph(two_in_two_out().save(tmp_path / "two.onnx"))
    found = manifest(plan_network(graph, Kernels(kernels)), "two")
    told = [f"{e['from'][0]} {e['from'][1]} {e['to'][0]} {e['to'][1]}" for e in found["edges"]]
    kinds = [layer["op"] for layer in found["layers"]]
    total = kinds.index("elementwise")
    assert sorted(told) == sorted(
        [
            "input 0 layer 0",
            "input 1 layer 1",
            f"layer 0 layer {total}",
            f"layer 1 layer {total}",
            f"layer {total} layer 3",
            "layer 3 output 1",
            # What a layer reads, too, goes out as a copy.
            f"layer {total} layer 4",
            "layer 4 output 0",
        ]
    ), kinds


@pytest.mark.parametrize("target", PORTABLE_ONLY, ids=lambda t: f"{t.core}, {t.fpu}")
def test_packed_kernels_need_their_instructions(target: Target, graph: Graph) -> None:
    """Packed weights read by plain C cost more than twice the portable kernel."""
    plan = plan_network(graph, Kernels("dense"), target)
    parts = [layer for step in plan.steps for layer in step.lowered.layers]
    layers = [layer for layer in parts if layer.op.macs]
    assert {layer.kernel for layer in layers} == {"portable"}
    assert {layer.why for layer in layers} == {
        f"portable: {target.core} has no DSP extension with an FPU"
    }


@pytest.mark.parametrize(
    ("board", "packed"), [("mps2_an500", True), ("stm32h750b_dk", True), ("host", True)]
)
def test_boards_are_targets(board: str, packed: bool) -> None:
    """The host stands in for the Cortex-M7: its tests prove the same kernels' arithmetic."""
    assert target_of(toolchain(board).board.to_json()).packed_arithmetic == packed


def test_memory_without_wait_states_is_ram() -> None:
    kinds = [(1, "ram", True), (2, "flash", True), (4, "ram", False), (8, "ram", True)]
    memories = [{"length": n, "kind": kind, "zero_wait": fast} for n, kind, fast in kinds]
    assert target_of({"cpu": {"core": "cortex-m7"}, "memories": memories}).tcm == 1 + 8


def test_an_unknown_core_is_refused() -> None:
    with pytest.raises(UserError, match="core 'cortex-m99' is unknown"):
        named_target("cortex-m99", fpu=True)


@pytest.mark.parametrize("name", ["kernels.txt", "00-read.dot", "network.svg"])
def test_a_file_of_the_users_is_not_written_over(graph: Graph, name: str, tmp_path: Path) -> None:
    """What a dump wrote is replaced; of a folder with another file so called nothing changes."""
    dumped(graph, tmp_path / "ours")
    assert dumped(graph, tmp_path / "ours").keys() >= {name}
    (tmp_path / "users").mkdir()
    (tmp_path / "users" / name).write_text("mine")
    with pytest.raises(UserError, match=f"{name}: was not written by nn2flash"):
        dump(graph, Kernels("portable"), CORTEX_M7, tmp_path / "users")
    assert [path.read_text() for path in (tmp_path / "users").iterdir()] == ["mine"]
