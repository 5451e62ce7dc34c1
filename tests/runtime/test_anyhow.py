"""The same bytes in whatever floating-point mode, and wherever input and output lie."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from codegen.generate import generate
from codegen.ir.graph import Graph
from codegen.kernels.wanted import Kernels
from codegen.plan import Plan
from codegen.reader.qdq import read_graph
from codegen.reference import run as reference
from tests.codegen.models import QdqModel, random_layer
from tests.codegen.oracle import Int8Array, stored_inputs
from tests.codegen.programs import run_program
from tests.runtime.conftest import Build, Network, tiny_model

COUNT = 6
MODES = 6
STEP = 4  # bytes from one place to the next
ROUND_UP = 8


def one_layer() -> QdqModel:
    """9 → 9: the only layer still reads when it writes; half of the multipliers' ties are odd."""
    weights, bias = random_layer(np.random.default_rng(21), 9, 9, 200)
    model = QdqModel((1, 9)).qdq(0.05, 3)
    model.gemm(weights, 0.01, bias, np.float32(0.05) * np.float32(0.01))
    return model.qdq(0.2, 4)


def widening() -> QdqModel:
    """5 → 24 → 40."""
    rng = np.random.default_rng(22)
    model = QdqModel((1, 5)).qdq(0.05, 3)
    for inputs, outputs in ((5, 24), (24, 40)):
        weights, bias = random_layer(rng, outputs, inputs, 200)
        model.gemm(weights, 0.01, bias, np.float32(0.05) * np.float32(0.01)).qdq(0.05, 3)
    return model


def addition() -> QdqModel:
    """A constant added, in numbers that flush to zero."""
    tiny = np.float32(1e-39)
    model = QdqModel((1, 10)).qdq(tiny, 3)
    addend = np.random.default_rng(23).uniform(-60, 60, 10).astype(np.float32) * tiny
    return model.then("Add", model.constant(addend)).qdq(np.float32(1.25) * tiny, -4)


def table() -> QdqModel:
    """A table and a Softmax: byte by byte, and over all bytes."""
    return (
        QdqModel((1, 11))
        .qdq(0.05, 3)
        .then("Tanh")
        .qdq(1 / 128, 0)
        .then("Softmax")
        .qdq(1 / 256, -128)
    )


NETWORKS: dict[str, tuple[Callable[[], QdqModel], str]] = {
    "tiny": (tiny_model, "portable"),
    "single": (one_layer, "portable"),
    "quick": (one_layer, "dense"),
    "wide": (widening, "portable"),
    "chain": (widening, "dense"),
    "sum": (addition, "portable"),
    "table": (table, "portable"),
}


def places(plan: Plan, graph: Graph) -> int:
    """How many the program tries."""
    larger = max(graph.input.size, graph.output.size)
    before = -(-larger // ROUND_UP) * ROUND_UP
    return 2 * len(range(0, larger, STEP)) + 3 * len(range(0, plan.arena_size + before + 1, STEP))


def generated(
    name: str, c_api: str, folder: Path, inputs: Int8Array | None = None
) -> tuple[Network, int]:
    """A network of NETWORKS, and how many places it is tried in."""
    build, kernels = NETWORKS[name]
    graph = read_graph(build().save(folder / f"{name}.onnx"))
    found = stored_inputs(graph, count=COUNT) if inputs is None else inputs
    plan = generate(graph, name, folder, c_api, kernels=Kernels(kernels, found))
    (folder / "inputs.bin").write_bytes(found.tobytes())
    return Network(name, graph, found, folder), places(plan, graph)


@pytest.mark.parametrize(
    ("name", "c_api", "board"),
    [
        *((name, "legacy", "mps2_an500") for name in NETWORKS),
        *((name, "st-ai", "mps2_an500") for name in ("single", "chain", "sum")),
        *((name, "legacy", "host") for name in ("single", "quick", "sum")),
        ("tiny", "st-ai", "host"),
    ],
)
def test_every_mode_and_every_place(
    name: str, c_api: str, board: str, build: Build, tmp_path: Path
) -> None:
    network, count = generated(name, c_api, tmp_path)
    options = [f"-DNN_UPPER={name.upper()}", f"-DCASES={COUNT}", f"-DPLACES={count}"]
    options += ["-DSTAI"] if c_api == "st-ai" else []
    done = run_program(board, build("anyhow.c", network, board, *options, results=200_000))
    assert done.status == 0, done.console
    expected = reference(network.graph, network.inputs)
    assert len(np.unique(expected)) > 3
    found = np.frombuffer(done.results, np.int8).reshape(MODES + count, *expected.shape)
    for row, outputs in enumerate(found):
        np.testing.assert_array_equal(outputs, expected, f"row {row} of {MODES} modes and places")
