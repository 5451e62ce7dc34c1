"""Convolutions of four pixels in three sums: exact on cores with SMLAD and an FPU."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from codegen.kernels.conv.stacked import Stacked, in_steps, loop_of, order_of
from codegen.ops.conv import Conv
from codegen.plan import plan_network
from codegen.reference import run
from codegen.target import CORTEX_M7
from tests.codegen.models import QdqModel
from tests.codegen.programs import CORES, Case, run_cases
from tests.ops.conftest import Read, read, read_variants
from tests.ops.test_conv_quads import AUTO, RANDOM, clip, convolution
from tests.sampled import sampled

# Rows of output in fours and with one, two, three left over; columns that begin at odd elements.
NETWORKS: dict[str, Callable[[], QdqModel]] = {
    "lenet": convolution((1, 12, 10), (6, 1, 5, 5), 1, pads=[2, 2, 2, 2]),
    "one_left": convolution((1, 9, 7), (5, 1, 3, 3), 2, pads=[1, 1, 1, 1]),
    "two_left": convolution((3, 12, 8), (8, 3, 3, 3), 3, pads=[1, 0, 1, 1], strides=[2, 2]),
    "three_left": convolution((3, 7, 6), (7, 3, 3, 3), 4, pads=[1, 1, 1, 1]),
    "keyword": convolution((1, 21, 8), (9, 1, 10, 4), 5, pads=[4, 1, 5, 1], strides=[2, 2]),
    "odd_begin": convolution((3, 11, 9), (8, 3, 3, 3), 18, pads=[1, 1, 1, 1], strides=[2, 2]),
    "padding_ahead": convolution((1, 9, 3), (4, 1, 3, 5), 19, pads=[1, 3, 1, 4], strides=[1, 2]),
    "even": convolution((2, 8, 9), (4, 2, 3, 3), 6, pads=[1, 1, 1, 1]),
    "fours": convolution((4, 6, 5), (3, 4, 3, 2), 7),
    "strides": convolution((1, 16, 13), (2, 1, 4, 3), 8, pads=[1, 1, 1, 1], strides=[3, 3]),
    "no_rows_again": convolution((1, 17, 6), (3, 1, 2, 5), 9, strides=[4, 1]),
    "one_row": convolution((3, 6, 7), (4, 3, 1, 3), 10, pads=[0, 1, 0, 1]),
    "one_column": convolution((3, 9, 4), (6, 3, 3, 4), 11, pads=[1, 0, 1, 0]),
    "one_filter": convolution((1, 6, 9), (1, 1, 3, 3), 12, pads=[1, 2, 1, 3]),
    "a_row_of_output": convolution((3, 3, 8), (8, 3, 3, 3), 13),
    "wide_pads": convolution((1, 2, 3), (4, 1, 5, 5), 14, pads=[4, 4, 4, 4]),
    "least_weights": convolution((2, 6, 6), (8, 2, 3, 3), 15, least=-128),
    "relu": convolution((1, 8, 8), (6, 1, 3, 3), 16, lambda model: model.then("Relu")),
    "clip": convolution((3, 8, 8), (8, 3, 3, 3), 17, clip),
} | RANDOM


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Read]:
    return read_variants(NETWORKS, tmp_path_factory.mktemp("read"))


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
    # However small the layer.
    monkeypatch.setattr(Stacked, "cost", lambda *_: 0.0)
    # Together the cores have all that are named.
    named = [name for name in NETWORKS if name not in RANDOM]
    named = sampled(named, 13, seed=("stacked", board, core))
    chosen = [*named, *sampled(RANDOM, 2, seed=("stacked", board, core))]
    cases = [Case(name, networks[name].graph, networks[name].inputs[:24], AUTO) for name in chosen]
    for case in cases[: len(named)]:
        steps = plan_network(case.graph, AUTO).steps
        assert [step.lowered.kernel for step in steps] == ["stacked"], case.name
    for case, computed in zip(cases, run_cases(cases, tmp_path, board, core=core), strict=True):
        assert len(np.unique(case.expected)) > 4 or case.name in RANDOM, case.name
        np.testing.assert_array_equal(computed, case.expected, case.name)


def test_these_layers_have_both_ends(networks: dict[str, Read]) -> None:
    """Pairs by integers and by the FPU, and filters without a neighbour in either."""
    kinds = set()
    for name in NETWORKS.keys() - RANDOM.keys():
        (op,) = networks[name].graph.ops
        assert isinstance(op, Conv)
        order = order_of(op)
        pairs = len(order.filters) // 2
        assert set(order.filters) == set(range(op.rows)), name
        kinds.add((order.integers > 0, order.integers < pairs, op.rows % 2 == 1))
    assert kinds >= {(True, True, True), (True, True, False), (True, False, True)}


def test_sums_at_the_ends(tmp_path: Path) -> None:
    """As many elements as fit, all at their extremes: no sum leaves its bits."""
    model = convolution((1, 40, 10), (4, 1, 15, 10), 14, least=-128)()
    graph = read(model, tmp_path)
    (op,) = graph.ops
    assert isinstance(op, Conv)
    assert Stacked().fits(op, CORTEX_M7) == "" and loop_of(op).steps == 75
    rows = op.weights.reshape(4, 15, 10).astype(np.int64)
    windows = [np.where(sign * row > 0, 127, -128) for row in rows for sign in (1, -1)]
    stored = np.stack([np.resize(each, (40, 10)) for each in windows]).astype(np.int8)
    for board in ("host", "mps2_an500"):
        (tmp_path / board).mkdir()
        case = Case("ends", graph, stored.reshape(len(stored), -1), AUTO)
        (computed,) = run_cases([case], tmp_path / board, board)
        np.testing.assert_array_equal(computed, run(graph, case.inputs))


def test_rows_are_there_twice_only_for_every_other_window(networks: dict[str, Read]) -> None:
    """Bytes of a row of the window's columns, two for an element, in words; where windows begin at
    even and at odd elements, of a row that begins with a whole word of padding, twice."""
    words = {
        "keyword": 10 // 2,
        "odd_begin": (3 * 11 + 1) // 2,
        "padding_ahead": 10 // 2,
        "even": 2 * 11 // 2,
        "lenet": 2 * ((14 + 2) // 2),
        "three_left": 2 * ((1 + 3 * 8 + 2) // 2),
    }
    for name, pitch in words.items():
        (op,) = networks[name].graph.ops
        assert isinstance(op, Conv)
        assert loop_of(op).pitch == pitch, name


def test_steps_go_down_columns(networks: dict[str, Read]) -> None:
    """Of a window of ten rows, two apart, by hand: even rows, then odd ones, of each word."""
    (op,) = networks["keyword"].graph.ops
    assert isinstance(op, Conv)
    steps = in_steps(op, loop_of(op))
    rows = [0, 2, 4, 6, 8, 1, 3, 5, 7, 9]
    for step, (x, y) in enumerate((x, y) for x in (0, 2) for y in rows):
        np.testing.assert_array_equal(steps[:, step], op.weights[:, 0, y, x : x + 2])


@pytest.mark.parametrize(
    ("layer", "reason"),
    [
        (convolution((2, 9, 9), (2, 2, 3, 3), 1, dilations=[2, 1]), "dilation"),
        (convolution((2, 9, 9), (2, 1, 3, 3), 1, group=2), "groups"),
        (
            convolution((3, 5, 3), (4, 3, 3, 3), 1, pads=[1, 40, 1, 0], strides=[1, 44]),
            "windows in",
        ),
        (convolution((1, 5, 5), (4, 1, 1, 2), 1), "a window of two"),
        (convolution((4, 9, 9), (4, 4, 7, 7), 1), "a window beyond"),
        (convolution((5, 9, 9), (4, 5, 3, 3), 1), "more than four channels"),
        (convolution((4, 3, 900), (4, 4, 3, 3), 1), "a window beyond"),
    ],
)
def test_refused(layer: Callable[[], QdqModel], reason: str, tmp_path: Path) -> None:
    (op,) = read(layer(), tmp_path).ops
    assert isinstance(op, Conv)
    assert Stacked().fits(op, CORTEX_M7).startswith(reason)


def test_quads_save_memory(networks: dict[str, Read]) -> None:
    """What has no rows in scratch is offered with what it costs more."""
    (op,) = networks["lenet"].graph.ops
    assert isinstance(op, Conv)
    forms = Stacked().forms(op, CORTEX_M7)
    assert [form.kernel for form in forms] == ["stacked", "quad rows", "quads"]
    assert forms[0].slower == 0 < forms[1].slower < forms[2].slower
    assert forms[2].scratch < forms[0].scratch
