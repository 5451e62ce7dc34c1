"""Input and output in the same bytes: kernels, run in C at the distances that they state."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from codegen.ir.graph import Graph
from codegen.kernels.kernel import Lowered
from codegen.reader.qdq import read_graph
from codegen.reference import run
from tests.codegen.models import QdqModel
from tests.kernels.played import Bytes, kernels_of, play

NETWORKS = 270
# "three": windows of 3 by 3 that move by one, which tables are for.
KINDS = ("conv", "conv", "pointwise", "depthwise", "groups", "max", "average", "same", "three")
Rng = np.random.Generator


def random_network(number: int, folder: Path) -> Graph:
    """One convolution or pool: any window, stride, dilation, pads, channels."""
    rng = np.random.default_rng([18, number])
    kind = KINDS[number % len(KINDS)]
    channels, rows, columns = (int(rng.integers(1, top)) for top in (12, 11, 11))
    kernel = [1, 1] if kind == "pointwise" else [int(k) for k in rng.integers(1, 5, 2)]
    dilations = [int(d) for d in rng.integers(1, 3, 2)] if kind in ("conv", "groups") else [1, 1]
    strides = [int(s) for s in rng.integers(1, 4, 2)]
    if kind == "depthwise":
        channels, strides[1] = channels + 1, min(strides[1], 2)
    if kind == "same":
        channels, kernel, strides = channels + 1, [3, 3], [1, 1]
    if kind == "three":
        kernel, strides = [3, 3], [1, 1]
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilations, strict=True)]
    before = [int(rng.integers(0, r)) for r in reach]
    after = [int(rng.integers(0, r)) for r in reach]
    for axis, size in enumerate((rows, columns)):
        after[axis] = max(after[axis], reach[axis] - size - before[axis])
    if kind == "same":
        before = after = [1, 1]
    if kind in ("max", "average"):
        before = [min(b, k - 1) for b, k in zip(before, kernel, strict=True)]
        rows, columns = (max(s, k) for s, k in zip((rows, columns), kernel, strict=True))
        after = [min(a, k - 1) for a, k in zip(after, kernel, strict=True)]
    groups = 1
    if kind in ("depthwise", "same"):
        groups = channels
    elif kind == "groups":
        groups, channels = 2, channels * 2
    zero_point = int(rng.integers(-60, 60))
    model = QdqModel((1, channels, rows, columns)).qdq(0.04, zero_point)
    window = {"strides": strides, "pads": [*before, *after]}
    if kind in ("max", "average"):
        name = "MaxPool" if kind == "max" else "AveragePool"
        model.then(name, kernel_shape=kernel, **window).qdq(0.04, zero_point)
    else:
        filters = channels if kind in ("depthwise", "same") else groups * int(rng.integers(1, 10))
        stored = rng.integers(-127, 128, (filters, channels // groups, *kernel)).astype(np.int8)
        weights = model.dequantized(
            stored, np.full(filters, 0.01, np.float32), np.zeros(filters), 0
        )
        model.then("Conv", weights, group=groups, dilations=dilations, **window)
        model.qdq(0.02 * np.sqrt(stored[0].size), int(rng.integers(-40, 40)))
    return read_graph(model.save(folder / "one.onnx", check=False))


def inputs(graph: Graph, number: int) -> tuple[Bytes, Bytes]:
    """Random bytes, and the reference's output for them, as both are stored."""
    rng = np.random.default_rng([19, number])
    stored = rng.integers(-128, 128, (1, graph.input_bytes)).astype(np.int8)
    return stored.view(np.uint8)[0], run(graph, stored).view(np.uint8)[0]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Lowered, Bytes, Bytes]]:
    """Kernels that may overlap, an input, and the reference's output."""
    folder = tmp_path_factory.mktemp("networks")
    found = []
    for number in range(NETWORKS):
        graph = random_network(number, folder)
        for lowered in kernels_of(graph):
            found.append((lowered, *inputs(graph, number)))
    return found


def test_apart_they_give_the_references_bytes(played: list[tuple[Lowered, Bytes, Bytes]]) -> None:
    for lowered, stored, expected in played:
        apart = play(lowered, stored, lowered.op.output.bytes + 4)
        assert np.array_equal(apart, expected), lowered


def test_at_the_stated_distance_nothing_unread_is_overwritten(
    played: list[tuple[Lowered, Bytes, Bytes]],
) -> None:
    """And beyond it, by a byte and by seven."""
    kinds: Counter[str] = Counter()
    for lowered, stored, expected in played:
        for overlap in lowered.overlaps:
            for more in (0,) if overlap.exact else (0, 1, 7):
                found = play(lowered, stored, overlap.distance + more)
                assert np.array_equal(found, expected), (lowered, more)
            kinds[lowered.kernel] += 1
    convolutions = {"quads", "quad rows", "stacked", "packed", "planes", "tables", "portable"}
    assert convolutions | {"portable depthwise"} <= set(kinds)


def test_a_byte_less_destroys_something(played: list[tuple[Lowered, Bytes, Bytes]]) -> None:
    """Of kernels that state the least distance there is: where one byte less leaves the bytes
    right, the byte that was overwritten had no weight, or had its value by chance."""
    least = {"quads", "packed", "portable"}
    checked = destroyed = 0
    for lowered, stored, expected in played:
        pools = not hasattr(lowered.fields, "groups")
        if lowered.kernel not in least or not (pools or lowered.kernel != "portable"):
            continue
        for overlap in lowered.overlaps:
            if overlap.distance > -len(stored):
                checked += 1
                found = play(lowered, stored, overlap.distance - 1)
                destroyed += not np.array_equal(found, expected)
    assert checked > 100
    assert destroyed > 0.8 * checked, (checked, destroyed)
