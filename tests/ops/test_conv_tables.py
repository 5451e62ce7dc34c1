"""Convolutions with tables: exact on cores with SMLAD and an FPU, within a budget of RAM."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from codegen.kernels.conv.quads import Quads
from codegen.kernels.conv.tables import SCALE, Tables, refusal, sums_of, taps
from codegen.kernels.conv.tables_loop import loop_of
from codegen.kernels.registry import candidates
from codegen.kernels.wanted import Kernels
from codegen.ops.conv import Conv
from codegen.plan import plan_network
from codegen.reference import run
from codegen.target import CORTEX_M7
from tests.codegen.models import QdqModel
from tests.codegen.programs import CORES, Case, run_cases
from tests.codegen.shapes import Shaped
from tests.ops.conftest import Read, read, read_variants
from tests.sampled import sampled

ALLOWED = 1 << 20
TABLES = Kernels("auto", table_memory=ALLOWED)
INPUT = 0.04
SAME = (1, 1, 1, 1)


def convolution(
    image: tuple[int, int, int],
    filters: int,
    seed: int,
    tail: Callable[[QdqModel], Any] = lambda model: model,
    *,
    pads: tuple[int, int, int, int] = SAME,
    spread: float = 40,
) -> Callable[[], QdqModel]:
    """A network of one convolution of 3 by 3; some filters' first weights are -128 and 127."""

    def build() -> QdqModel:
        rng = np.random.default_rng(seed)
        model = QdqModel((1, *image)).qdq(INPUT, int(rng.integers(-128, 128)), np.int8)
        normal = rng.normal(0, spread, (filters, image[0], 3, 3))
        stored = np.clip(np.rint(normal), -128, 127).astype(np.int8)
        stored.reshape(filters, -1)[::2, :2] = -128, 127
        scales = rng.uniform(0.001, 0.01, filters).astype(np.float32)
        zeros = np.zeros(filters)
        bias = rng.integers(-9000, 9000, filters).astype(np.int32)
        operands = [
            model.dequantized(stored, scales, zeros, 0),
            model.dequantized(bias, np.float32(INPUT) * scales, zeros, 0),
        ]
        tail(model.then("Conv", *operands, pads=list(pads)))
        return model.qdq(0.008 * np.sqrt(stored[0].size) + 0.01, int(rng.integers(-128, 128)))

    return build


def clip(model: QdqModel) -> QdqModel:
    low, high = (model.constant(np.float32(value)) for value in (-0.3, 0.4))
    return model.then("Clip", low, high)


NETWORKS: dict[str, Callable[[], QdqModel]] = {
    "whole": convolution((16, 8, 16), 16, 1),
    "two_beside": convolution((8, 6, 8), 6, 2),
    "one_beside": convolution((4, 8, 4), 8, 3),
    "odd": convolution((5, 7, 6), 9, 4),
    "first_of_three": convolution((3, 9, 17), 7, 5),
    "no_pads": convolution((8, 5, 9), 4, 6, pads=(0, 0, 0, 0)),
    "uneven_pads": convolution((6, 4, 5), 3, 7, pads=(2, 0, 0, 3)),
    "wide_pads": convolution((4, 2, 3), 5, 8, pads=(4, 4, 4, 4)),
    "left_of_the_image": convolution((4, 3, 2), 4, 9, pads=(1, 9, 1, 0)),
    "one_pixel": convolution((12, 1, 1), 2, 10),
    "one_filter": convolution((8, 5, 11), 1, 11),
    "turns": convolution((52, 3, 5), 5, 12, spread=25),
    "longer_turns": convolution((40, 4, 13), 4, 13, spread=25),
    "relu": convolution((8, 4, 8), 9, 14, lambda model: model.then("Relu")),
    "clip": convolution((8, 4, 8), 8, 15, clip),
}


def random_convolution(seed: int) -> Callable[[], QdqModel]:
    """Of any size, pads and number of channels."""
    rng = np.random.default_rng(seed)
    top, left, bottom, right = (int(pad) for pad in rng.integers(0, 3, 4))
    image = (int(rng.integers(1, 22)), int(rng.integers(2, 12)), int(rng.integers(2, 21)))
    pads = (top, left, bottom + (image[1] == 2), right + (image[2] == 2))
    return convolution(image, int(rng.integers(1, 20)), seed, pads=pads)


RANDOM = {f"random_{seed}": random_convolution(seed) for seed in range(100, 124)}
NETWORKS |= RANDOM


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Read]:
    return read_variants(NETWORKS, tmp_path_factory.mktemp("read"))


def harshest(op: Conv) -> np.ndarray[Any, np.dtype[np.int8]]:
    """int8 [2 * filters, bytes]: images under which a window in the middle of the image drives each
    filter's sum to its largest and its smallest."""
    depth, (height, width) = op.input.shape[1], op.window.input
    images = np.zeros((2 * op.rows, depth, height, width), np.int8)
    top, left = max(0, height // 2 - 1), max(0, width // 2 - 1)
    for number, row in enumerate(op.weights):
        part = row[:, : height - top, : width - left]
        for sign in (0, 1):
            wanted = np.where((part > 0) == (sign == 0), 127, -128)
            at = images[2 * number + sign]
            at[:, top : top + part.shape[1], left : left + part.shape[2]] = wanted
    return np.ascontiguousarray(images.reshape(len(images), -1))


@pytest.mark.parametrize(
    ("board", "core"), [("host", ""), ("mps2_an500", ""), *(("mps2_an500", c) for c in CORES)]
)
def test_bytes(
    board: str,
    core: str,
    networks: dict[str, Read],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The C with sanitizers; the assembly on an emulated Cortex-M7, M4 and M33."""
    monkeypatch.setattr(Tables, "cost", lambda *_: 0.0)  # however small the layer
    cases = []
    named = [name for name in NETWORKS if name not in RANDOM]
    chosen = {*sampled(named, 9, seed=(board, core)), *sampled(RANDOM, 3, seed=(board, core))}
    for number, (name, net) in enumerate(networks.items()):
        if name not in chosen:
            continue
        (op,) = net.graph.ops
        assert isinstance(op, Conv)
        inputs = np.concatenate([net.inputs[:12], harshest(op)])
        case = Case(name, net.graph, inputs, TABLES)
        cases.append(replace(case, c_api="st-ai") if number % 2 else case)
    for case in cases:
        (step,) = plan_network(case.graph, TABLES).steps
        assert step.lowered.kernel == "tables", case.name
    for case, computed in zip(cases, run_cases(cases, tmp_path, board, core=core), strict=True):
        assert len(np.unique(case.expected)) > 4, case.name
        np.testing.assert_array_equal(computed, case.expected, case.name)


def test_these_layers_have_all_kinds_of_loops(networks: dict[str, Read]) -> None:
    """Straight and in turns; four, two and one tile beside each other; both requantizations."""
    loops, kinds = set(), set()
    for net in networks.values():
        (op,) = net.graph.ops
        assert isinstance(op, Conv)
        fields = Tables().lower(op, CORTEX_M7).fields
        loops.add((fields.loop.turns > 1, fields.loop.across))
        kinds.add((fields.integers > 0, fields.integers < fields.pairs))
    assert loops >= {(False, 4), (False, 2), (False, 1), (True, 2)}
    assert kinds >= {(True, True), (True, False), (False, True)}


def one_row(value: int, count: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    """A filter of so many channels, all weights alike, as `taps` has it."""
    return np.full((1, 3, 3, count), value, np.int64)


def test_sums_of_32_bits() -> None:
    """255 for an element of a low lane, 127 or -128 for one of a high lane."""
    smallest, largest = sums_of(one_row(100, 4))
    assert (smallest[0], largest[0]) == (-128 * 100 * 18, (255 + 127) * 100 * 18)
    most = ((1 << 31) // SCALE) // ((255 + 127) * 18)
    assert refusal(one_row(1, 4) * most) == ""
    assert refusal(one_row(1, 4) * (most + 1)) == "384 times a sum is beyond int32"


def test_sums_at_the_ends(tmp_path: Path) -> None:
    """Sums that just fit, at their extremes: bits that do not fit in a word never matter."""
    graph = read(convolution((128, 3, 4), 4, 21, spread=40)(), tmp_path)
    (op,) = graph.ops
    assert isinstance(op, Conv)
    assert Tables().fits(op, CORTEX_M7) == ""
    assert SCALE * np.abs(sums_of(taps(op))).max() > 1.5 * (1 << 30)
    inputs = harshest(op)
    for board in ("host", "mps2_an500"):
        (tmp_path / board).mkdir()
        (computed,) = run_cases([Case("ends", graph, inputs, TABLES)], tmp_path / board, board)
        np.testing.assert_array_equal(computed, run(graph, inputs))


def test_refused_layers_say_why(tmp_path: Path) -> None:
    graph = read(convolution((256, 4, 4), 4, 22, spread=60)(), tmp_path)
    (step,) = plan_network(graph, TABLES).steps
    assert step.lowered.kernel != "tables"
    assert step.lowered.why.endswith("no tables: 384 times a sum is beyond int32")


def test_rows_beyond_an_instructions_reach_are_too_long(tmp_path: Path) -> None:
    """Twelve bytes for four of its columns, less than 4096."""
    for columns, reason in ((1200, ""), (1600, "rows too long")):
        (op,) = read(convolution((4, 1, columns), 2, 23)(), tmp_path).ops
        assert isinstance(op, Conv)
        assert Tables().fits(op, CORTEX_M7) == reason


def test_no_tables_without_memory(networks: dict[str, Read]) -> None:
    (op,) = networks["whole"].graph.ops
    looked_at = {each.kernel.name: each for each in candidates(op, CORTEX_M7, {})}
    assert looked_at["tables"].reason == "tables of 9,216 bytes, 0 are left of table_memory"
    plan = plan_network(networks["whole"].graph, Kernels("auto"))
    assert plan.tables_size == 0
    assert [size for size, _ in plan.more_tables] == [9216]


def test_a_budget_is_spent_where_it_saves_most(tmp_path: Path) -> None:
    """Of two layers the larger image saves more for each byte; what is left buys nothing."""
    model = Shaped(8, 32, 32).conv(8).pool().conv(16)
    graph = read(model, tmp_path)
    for allowed, tabled in ((0, []), (2303, []), (2304, [0]), (6911, [0]), (6912, [0, 2])):
        plan = plan_network(graph, Kernels("auto", table_memory=allowed))
        found = [i for i, step in enumerate(plan.steps) if step.lowered.kernel == "tables"]
        assert found == tabled, allowed
        assert plan.tables_size == sum(step.lowered.tables for step in plan.steps) <= allowed
        assert [size for size, _ in plan.more_tables] == [
            size for size in (2304, 6912) if size > allowed
        ]


def test_loops_keep_their_reach(networks: dict[str, Read]) -> None:
    """No turn's elements are further than LDR reaches; layers that are too wide are refused."""
    (op,) = networks["whole"].graph.ops
    assert isinstance(op, Conv)
    wide = replace(op.window, output=(8, 1400), input=(8, 1400))
    assert loop_of(wide, 8) is None
    for width in range(1, 1360, 13):
        loop = loop_of(replace(op.window, output=(9, width)), 8)
        assert loop is not None
        assert 4 * loop.height * loop.tiles * loop.channels <= 4095
        assert loop.turns * loop.channels == 8
        assert 4 * loop.tiles >= width > 4 * (loop.tiles - loop.across)


def test_faster_than_quads_where_a_layer_is_large(tmp_path: Path) -> None:
    (op,) = read(Shaped(16, 32, 32).conv(16), tmp_path).ops
    assert isinstance(op, Conv)
    assert Tables().cost(op, CORTEX_M7, {}) < 0.75 * Quads().cost(op, CORTEX_M7, {})
