"""The same bytes in whatever floating-point mode, and wherever input and output lie."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
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
    weights, bias = moderate_layer(np.random.default_rng(21), 9, 9)
    model = QdqModel((1, 9)).qdq(0.05, 3)
    model.gemm(weights, 0.01, bias, np.float32(0.05) * np.float32(0.01))
    return model.qdq(0.2, 4)


def widening() -> QdqModel:
    """9 → 24 → 40."""
    return layers(9, 24, 40)


def narrowing() -> QdqModel:
    """75 → 24 → 10: the input lies in the scratch to which it is widened, the output there, too."""
    return layers(75, 24, 10)


def by_words() -> QdqModel:
    """76 → 24 → 10: inputs are read until the last output of a layer is written."""
    return layers(76, 24, 10)


def moderate_layer(
    rng: np.random.Generator, outputs: int, inputs: int
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.int32]]:
    """Weights int8 [outputs, inputs] that packed kernels take, bias int32 [outputs]."""
    weights, bias = random_layer(rng, outputs, inputs, 200)
    return weights // np.int8(4), bias


def layers(*sizes: int) -> QdqModel:
    """Fully connected layers with so many inputs and outputs."""
    rng = np.random.default_rng(22)
    model = QdqModel((1, sizes[0])).qdq(0.05, 3)
    for inputs, outputs in pairwise(sizes):
        weights, bias = moderate_layer(rng, outputs, inputs)
        model.gemm(weights, 0.02, bias, np.float32(0.05) * np.float32(0.02)).qdq(0.05, 3)
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
    "narrow": (narrowing, "dense"),
    "list": (narrowing, "sparse"),
    "direct": (by_words, "small"),
    "sum": (addition, "portable"),
    "table": (table, "portable"),
}


# What each choice must have come to; the first layer decides about most of the memory.
KERNELS = {"portable": set[str](), "dense": {"dense"}, "sparse": {"sparse"}, "small": {"direct"}}


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
    assert {part.kernel for s in plan.steps for part in s.lowered.layers} >= KERNELS[kernels]
    (folder / "inputs.bin").write_bytes(found.tobytes())
    return Network(name, graph, found, folder), places(plan, graph)


@pytest.mark.parametrize(
    ("name", "c_api", "board"),
    [
        *((name, "legacy", "mps2_an500") for name in NETWORKS),
        *((name, "st-ai", "mps2_an500") for name in ("single", "chain", "sum")),
        *((name, "legacy", "host") for name in ("single", "quick", "narrow", "direct", "sum")),
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
