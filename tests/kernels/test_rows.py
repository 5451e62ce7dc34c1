"""Two layers in one pass over rows: the reference's bytes, whatever windows, borders and joins."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from codegen.ir.graph import Graph
from codegen.kernels.rows import operation
from codegen.kernels.rows.operation import Rows
from codegen.kernels.wanted import Kernels
from codegen.memory import forms
from codegen.plan import Plan, plan_network
from codegen.reader.qdq import read_graph
from codegen.target import CORTEX_M7, named_target
from codegen.window import Window
from tests.codegen.models import QdqModel
from tests.codegen.programs import Case, run_cases

AUTO = Kernels("auto")
NETWORKS = 24
Rng = np.random.Generator


def convolve(model: QdqModel, rng: Rng, shape: tuple[int, ...], **attributes: object) -> QdqModel:
    """A convolution with its ReLU."""
    stored = rng.integers(-127, 128, shape).astype(np.int8)
    scales = np.full(len(stored), 0.02 / np.sqrt(stored[0].size), np.float32)
    model.then("Conv", model.dequantized(stored, scales, np.zeros(len(stored)), 0), **attributes)
    return model.then("Relu").qdq(0.03, -128)


def around(rng: Rng, kernel: int) -> list[int]:
    """Pads of four sides."""
    return [int(pad) for pad in rng.integers(0, kernel, 4)]


def random_network(number: int, folder: Path) -> Graph:
    """A table, a convolution to many channels, what reads it, a table: in between the most lives.

    Or an image and a smaller one that is repeated, joined and convolved.
    """
    rng = np.random.default_rng([21, number])
    channels, rows, columns = int(rng.integers(1, 7)), *map(int, rng.integers(7, 15, 2))
    model = QdqModel((1, channels, rows, columns)).qdq(0.04, 0).then("Tanh").qdq(1 / 128, 0)
    kind = ("convolution", "depthwise", "pool", "join")[number % 4]
    if kind == "join":
        return read_graph(joined(model, rng, channels).save(folder / "one.onnx", check=False))
    wide = int(rng.integers(5, 9)) * channels
    kernel = int(rng.choice([1, 1, 3]))
    convolve(model, rng, (wide, channels, kernel, kernel), pads=around(rng, kernel))
    size, stride = int(rng.integers(2, 4)), int(rng.integers(1, 4))
    if kind == "pool":
        model.then("MaxPool", kernel_shape=[size, 2], strides=[stride, 2], pads=[size - 1, 0, 1, 0])
    else:
        groups = wide if kind == "depthwise" else 1
        filters = wide if kind == "depthwise" else int(rng.integers(1, 7))
        convolve(
            model,
            rng,
            (filters, wide // groups, size, 3),
            group=groups,
            strides=[stride, min(stride, 2)],
            pads=around(rng, size),
            dilations=[int(rng.integers(1, 3)), 1],
        )
    model.then("Sigmoid").qdq(1 / 256, -128)
    return read_graph(model.save(folder / "one.onnx", check=False))


def joined(model: QdqModel, rng: Rng, channels: int) -> QdqModel:
    """A quarter of the image, repeated, and the image itself, of another scale."""
    whole = model.value
    height, width = (2 * int(side // 2) for side in model.shape[2:])
    ends = [model.constant(np.array(each, np.int64)) for each in ([0, 0], [height, width], [2, 3])]
    cut = model.then("Slice", *ends).value
    model.then("MaxPool", kernel_shape=[2, 2], strides=[2, 2])
    convolve(model, rng, (4, channels, 3, 3), pads=[1, 1, 1, 1])
    sizes = model.constant(np.array([1, 1, 2, 2], np.float32))
    nearest = {"mode": "nearest", "nearest_mode": "floor"}
    model.then("Resize", "", sizes, coordinate_transformation_mode="asymmetric", **nearest)
    assert cut != whole
    model.value = model.add("Concat", [model.value, cut], axis=1)
    model.qdq(0.02, -20)
    convolve(model, rng, (2, 4 + channels, 3, 3), pads=around(rng, 3))
    return model.then("Sigmoid").qdq(1 / 256, -128)


def rows_of(plan: Plan) -> list[Rows]:
    return [step.lowered.op for step in plan.steps if isinstance(step.lowered.op, Rows)]


@pytest.fixture(scope="module")
def graphs(tmp_path_factory: pytest.TempPathFactory) -> list[Graph]:
    folder = tmp_path_factory.mktemp("networks")
    return [random_network(number, folder) for number in range(NETWORKS)]


def cases(graphs: list[Graph]) -> list[Case]:
    found = []
    for number, graph in enumerate(graphs):
        rng = np.random.default_rng([22, number])
        inputs = rng.integers(-128, 128, (3, graph.input_bytes)).astype(np.int8)
        target = named_target("cortex-m3", False) if number % 3 == 2 else CORTEX_M7
        found.append(Case(f"rows_{number}", graph, inputs, AUTO, target=target))
    return found


def test_they_give_the_references_bytes(
    graphs: list[Graph], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With sanitizers, at any price in cycles, so that nearly all networks have such a pair."""
    monkeypatch.setattr(forms, "PRICE", 100.0)
    given = cases(graphs)
    plans = [plan_network(case.graph, AUTO, case.target) for case in given]
    kinds = {number % 4 for number, plan in enumerate(plans) if rows_of(plan)}
    assert kinds == {0, 1, 2, 3}
    assert sum(bool(rows_of(plan)) for plan in plans) > NETWORKS // 2
    for case, outputs in zip(given, run_cases(given, tmp_path), strict=True):
        assert np.array_equal(outputs, case.expected), case.name


def play(second: Window, first: Window, count: int, apart: int) -> bool:
    """Whether every row is there when it is read: rows of one byte, read and written turn by turn.

    Args:
        apart: bytes from where the output begins to where the input does.
    """
    height = first.input[0]
    start = max(0, -apart)
    memory = np.full(start + max(second.output[0], apart + height) + 1, -1)
    memory[start + apart : start + apart + height] = np.arange(height)
    made, written = 0, 0
    for end, top, behind in operation.turns(second, count):
        for row in range(max(made, top), behind):
            for read in range(*operation.needed(first, row, 1)):
                if memory[start + apart + read] != read:
                    return False
        made = max(made, behind)
        memory[start + written : start + end] = -2
        written = end
    return True


def test_the_distance_is_the_least_that_is_safe() -> None:
    """Of rows of one byte each, played; a row less overwrites one that is still read."""
    rng = np.random.default_rng(23)
    shared = tight = 0
    for _ in range(2000):
        first = random_window(rng, int(rng.integers(1, 14)))
        second = random_window(rng, first.output[0])
        count = int(rng.integers(1, 5))
        apart = operation.distance(second, first, count, 1, (1, 1))
        assert all(play(second, first, count, apart + more) for more in range(4))
        if apart > -first.input[0]:
            shared += 1
            tight += not play(second, first, count, apart - 1)
    # The others skip the row from which on the input is taken to be read.
    assert tight > 0.7 * shared > 300, (tight, shared)


def random_window(rng: Rng, height: int) -> Window:
    """Of any kernel, stride, dilation and pads that fit."""
    while True:
        kernel, stride, dilation = (int(rng.integers(1, top)) for top in (5, 4, 3))
        before, after = (int(rng.integers(0, kernel)) for _ in range(2))
        left = height + before + after - dilation * (kernel - 1) - 1
        if left >= 0:
            size = (height, 1), (left // stride + 1, 1)
            pads = (before, 0, after, 0)
            return Window(*size, (kernel, 1), (stride, 1), (dilation, 1), pads)
