"""Convolutions by quad split: exact on cores with SMLAD and an FPU, refused where they are not."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from codegen.kernels.conv import in_floats
from codegen.kernels.conv.quads import (
    QuadRows,
    Quads,
    finer_bits,
    order_of,
    refusal,
    words,
)
from codegen.kernels.folding import integer_layer, rebase, unclamped
from codegen.kernels.integer_layer import IntegerLayer
from codegen.kernels.integer_requantize import SCALE
from codegen.kernels.registry import candidates
from codegen.kernels.wanted import Kernels
from codegen.ops.conv import Conv
from codegen.plan import plan_network
from codegen.reference import run
from codegen.target import CORTEX_M7, Target
from tests.codegen.models import QdqModel
from tests.codegen.programs import CORES, Case, run_cases
from tests.ops.conftest import Read, read, read_variants
from tests.ops.test_conv_packed import random_layers
from tests.sampled import sampled

AUTO = Kernels("auto")
INPUT = 0.04
# Accumulators have 24 bits.
LIMIT = 1 << 23


def convolution(
    image: tuple[int, int, int],
    weights: tuple[int, int, int, int],
    seed: int,
    tail: Callable[[QdqModel], Any] = lambda model: model,
    least: int = -127,
    **attributes: Any,
) -> Callable[[], QdqModel]:
    """A network of one convolution with the largest weights; its outputs span the bytes."""

    def build() -> QdqModel:
        rng = np.random.default_rng(seed)
        model = QdqModel((1, *image)).qdq(INPUT, int(rng.integers(-128, 128)), np.int8)
        stored = rng.integers(least, 128, weights).astype(np.int8)
        stored.reshape(len(stored), -1)[::3] = 127
        stored.reshape(len(stored), -1)[1::3] = least
        scales = rng.uniform(0.001, 0.01, len(stored)).astype(np.float32)
        zeros = np.zeros(len(stored))
        bias = rng.integers(-9000, 9000, len(stored)).astype(np.int32)
        operands = [
            model.dequantized(stored, scales, zeros, 0),
            model.dequantized(bias, np.float32(INPUT) * scales, zeros, 0),
        ]
        tail(model.then("Conv", *operands, **attributes))
        return model.qdq(0.013 * np.sqrt(stored[0].size) + 0.01, int(rng.integers(-128, 128)))

    return build


def clip(model: QdqModel) -> QdqModel:
    low, high = (model.constant(np.float32(value)) for value in (-0.3, 0.4))
    return model.then("Clip", low, high)


NETWORKS: dict[str, Callable[[], QdqModel]] = {
    "pointwise": convolution((16, 5, 5), (32, 16, 1, 1), 1),
    "pointwise_odd": convolution((7, 3, 5), (13, 7, 1, 1), 2),
    "pointwise_stride": convolution((12, 5, 6), (8, 12, 1, 1), 3, strides=[2, 2]),
    "pointwise_stride_even": convolution((8, 5, 8), (12, 8, 1, 1), 24, strides=[3, 2]),
    "pointwise_stride_column": convolution((4, 6, 2), (5, 4, 1, 1), 25, strides=[1, 2]),
    "pointwise_padded": convolution((8, 4, 6), (4, 8, 1, 1), 26, strides=[1, 2], pads=[1, 0, 0, 2]),
    "pointwise_fours": convolution((6, 5, 6), (4, 6, 1, 1), 27, strides=[2, 2]),
    "one_pixel": convolution((9, 1, 1), (12, 9, 1, 1), 4),
    "three": convolution((8, 6, 5), (8, 8, 3, 3), 5, pads=[1, 1, 1, 1]),
    "three_odd": convolution((5, 7, 6), (10, 5, 3, 3), 6, pads=[1, 1, 1, 1]),
    "three_stride": convolution((8, 7, 9), (12, 8, 3, 3), 7, pads=[0, 1, 2, 1], strides=[2, 2]),
    "dilated": convolution((4, 9, 9), (8, 4, 3, 3), 8, pads=[2, 2, 2, 2], dilations=[2, 3]),
    "first_of_one": convolution((1, 12, 7), (16, 1, 10, 4), 9, pads=[4, 1, 5, 1], strides=[2, 2]),
    "first_of_three": convolution((3, 9, 8), (16, 3, 3, 3), 10, pads=[0, 0, 1, 1], strides=[2, 2]),
    "left_of_the_image": convolution(
        (4, 5, 3), (8, 4, 3, 3), 17, pads=[1, 9, 1, 0], strides=[1, 12]
    ),
    "far_left": convolution((3, 5, 3), (8, 3, 3, 3), 18, pads=[1, 40, 1, 0], strides=[1, 44]),
    "wide_pads": convolution((4, 2, 3), (8, 4, 5, 5), 11, pads=[4, 4, 4, 4]),
    "one_column": convolution((4, 9, 3), (8, 4, 3, 3), 14),
    "one_column_of_one": convolution((1, 9, 5), (8, 1, 3, 5), 15, pads=[1, 0, 1, 0]),
    "five_of_one": convolution((1, 9, 9), (6, 1, 5, 5), 16, pads=[2, 1, 2, 3]),
    "five_of_one_even": convolution((1, 8, 8), (6, 1, 5, 5), 19, pads=[2, 2, 2, 2]),
    "long_rows": convolution((20, 6, 4), (8, 20, 3, 3), 20, pads=[1, 1, 1, 1]),
    "long_rows_odd": convolution((20, 5, 3), (8, 20, 3, 3), 21, pads=[1, 1, 1, 1]),
    "pointwise_long": convolution((92, 1, 3), (5, 92, 1, 1), 22),
    "pointwise_longer": convolution((188, 1, 2), (4, 188, 1, 1), 23),
    "relu": convolution((8, 4, 4), (9, 8, 1, 1), 12, lambda model: model.then("Relu")),
    "clip": convolution((8, 4, 4), (8, 8, 1, 1), 13, clip),
}


NAMED = tuple(NETWORKS)
# Some of their layers are of several groups, or of few elements, and computed by other kernels.
RANDOM = {f"random_{seed}": partial(random_layers, seed) for seed in range(100, 120)}
NETWORKS |= RANDOM


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Read]:
    return read_variants(NETWORKS, tmp_path_factory.mktemp("read"))


# So many of the named ones on each core: together the cores have all.
NAMED_EACH = 10
# What `QuadRows` is not for.
WINDOW_BY_WINDOW = ("dilated", "left_of_the_image", "far_left")


@pytest.mark.parametrize(
    ("board", "core"), [("host", ""), ("mps2_an500", ""), *(("mps2_an500", c) for c in CORES)]
)
@pytest.mark.parametrize("kernel", [Quads, QuadRows])
def test_bytes(
    *,
    kernel: type[Quads],
    board: str,
    core: str,
    networks: dict[str, Read],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The C with sanitizers; the assembly on an emulated Cortex-M7, M4 and M33."""
    # However small the layer.
    monkeypatch.setattr(Quads, "cost", lambda own, *_: 0.0 if type(own) is kernel else 1.0)
    monkeypatch.setattr(QuadRows, "cost", Quads.cost)
    named = sampled(NAMED, NAMED_EACH, seed=(kernel.name, board, core))
    chosen = [*named, *sampled(RANDOM, 2, seed=(kernel.name, board, core))]
    cases = [Case(name, networks[name].graph, networks[name].inputs[:24], AUTO) for name in chosen]
    for case in cases[: len(named)]:
        expected = "quads" if case.name in WINDOW_BY_WINDOW else kernel.name
        assert [step.lowered.kernel for step in plan_network(case.graph, AUTO).steps] == [expected]
    for case, computed in zip(cases, run_cases(cases, tmp_path, board, core=core), strict=True):
        assert len(np.unique(case.expected)) > 4 or case.name in RANDOM, case.name
        np.testing.assert_array_equal(computed, case.expected, case.name)


def test_these_layers_have_all_kinds_of_loops(networks: dict[str, Read]) -> None:
    """Straight and in turns, with steps before them and without; of copies and of rows."""
    kinds = set()
    for name in NETWORKS.keys() - RANDOM.keys():
        (op,) = networks[name].graph.ops
        assert isinstance(op, Conv)
        for kernel in (Quads(), QuadRows()):
            if not kernel.fits(op, CORTEX_M7):
                loop = kernel.lower(op, CORTEX_M7).fields.loop
                kinds.add((loop.straight, loop.rest > 0, loop.times > 1, loop.apart == 4))
    assert kinds >= {
        (True, False, False, True),
        (True, False, True, False),
        (False, True, True, True),
        (False, False, True, True),
        (False, False, True, False),
    }


def test_sums_at_the_ends(tmp_path: Path) -> None:
    """Nearly as many elements as 24 bits allow, all at their extremes: no sum leaves its bits."""
    model = convolution((512, 1, 2), (8, 512, 1, 1), 14)()
    graph = read(model, tmp_path)
    (op,) = graph.ops
    assert isinstance(op, Conv)
    rows = op.weights.reshape(8, -1).astype(np.int64)
    inputs = [np.where(sign * row > 0, 127, -128) for row in rows for sign in (1, -1)]
    stored = np.stack([np.repeat(row, 2) for row in inputs]).astype(np.int8)
    sums = np.abs(np.stack(inputs) @ rows.T)
    assert (1 << 22) < sums.max() < (1 << 23)
    for board in ("host", "mps2_an500"):
        (tmp_path / board).mkdir()
        (computed,) = run_cases([Case("ends", graph, stored, AUTO)], tmp_path / board, board)
        np.testing.assert_array_equal(computed, run(graph, stored))


def near_24_bits(beyond: int) -> Callable[[], QdqModel]:
    """Filters for the FPU whose accumulators reach 2^23 - 1 and -2^23, and so many further."""

    def build() -> QdqModel:
        rng = np.random.default_rng(3)
        model = QdqModel((1, 16, 1, 2)).qdq(INPUT, 0, np.int8)
        stored = rng.integers(-127, 128, (4, 16, 1, 1)).astype(np.int8)
        stored[0, 0] = -128  # no filter is moved, and none takes integers
        rows = stored.reshape(4, -1).astype(np.int64)
        most = 127 * np.maximum(rows, 0).sum(1) - 128 * np.minimum(rows, 0).sum(1)
        least = 127 * np.minimum(rows, 0).sum(1) - 128 * np.maximum(rows, 0).sum(1)
        bias = np.where([True, False, True, False], LIMIT - 1 + beyond - most, -LIMIT - least)
        # Outputs reach 100.
        scales = (100.3 + np.arange(4)).astype(np.float32) / LIMIT / np.float32(INPUT)
        operands = [
            model.dequantized(stored, scales, np.zeros(4), 0),
            model.dequantized(bias.astype(np.int32), np.float32(INPUT) * scales, np.zeros(4), 0),
        ]
        return model.then("Conv", *operands).qdq(1.0, 3)

    return build


def test_accumulators_at_the_ends(tmp_path: Path) -> None:
    """256 times an accumulator in the FPU, with no bit to spare; one more is refused."""
    graph = read(near_24_bits(0)(), tmp_path)
    (op,) = graph.ops
    assert isinstance(op, Conv)
    assert order_of(op).integers == 0
    assert in_floats.refusal(op, order_of(op).in_floats, SCALE) == ""
    rows = op.weights.reshape(4, -1).astype(np.int64)
    inputs = [np.where(sign * row > 0, 127, -128) for row in rows for sign in (1, -1)]
    rng = np.random.default_rng(1)
    inputs += list(rng.integers(-128, 128, (40, 16)))
    stored = np.stack([np.repeat(row, 2) for row in inputs]).astype(np.int8)
    for board in ("host", "mps2_an500"):
        (tmp_path / board).mkdir()
        (computed,) = run_cases([Case("ends", graph, stored, AUTO)], tmp_path / board, board)
        np.testing.assert_array_equal(computed, run(graph, stored))
    (op,) = read(near_24_bits(1)(), tmp_path).ops
    assert isinstance(op, Conv)
    assert (
        in_floats.refusal(op, order_of(op).in_floats, SCALE)
        == "256 times an accumulator is beyond int32"
    )
    assert Quads().fits(op, CORTEX_M7) == "256 times an accumulator is beyond int32"


@pytest.mark.parametrize(
    ("multiplier", "refused"), [(2.0**-101, True), (127.0, False), (128.0, True)]
)
def test_multipliers_of_the_fpu(multiplier: float, *, refused: bool, tmp_path: Path) -> None:
    (op,) = read(near_24_bits(0)(), tmp_path).ops
    assert isinstance(op, Conv)
    object.__setattr__(op, "multipliers", np.full(4, multiplier, np.float32))
    order_of.cache_clear()
    assert in_floats.refusal(op, order_of(op).in_floats, SCALE) == (
        "multipliers too far from 1" if refused else ""
    )


def test_finer_sums_have_constants_where_others_have_none(networks: dict[str, Read]) -> None:
    """All three kinds of quads, in this order; every sum at which a byte changes is right."""
    seen = np.zeros(3, np.int64)
    for name in NETWORKS.keys() - RANDOM.keys():
        (op,) = networks[name].graph.ops
        assert isinstance(op, Conv)
        order = order_of(op)
        quads = len(order.filters) // 4
        seen += [order.integers, order.finer, quads - order.integers - order.finer]
        layer = unclamped(rebase(integer_layer(op), 0))
        parts = np.split(order.filters, np.cumsum([order.integers, order.finer]) * 4)
        assert sorted({int(each) for each in order.filters}) == list(range(op.rows))
        for filters, rows in zip(parts[:2], (order.constants, order.finer_constants), strict=True):
            assert rows.found[filters].all()
            smallest, largest = (end - layer.bias for end in layer.reach())
            sums = np.linspace(smallest, largest, 4001).astype(np.int64)
            assert np.abs(rows.scale * sums).max() < 1 << 31
            reference = layer.requantize(sums + layer.bias)
            np.testing.assert_array_equal(rows.apply(sums)[:, filters], reference[:, filters])
    assert (seen > 0).all(), seen


def test_finer_bits_keep_sums_in_int32() -> None:
    """64 elements of 127 * 128 fill 20 bits, 129 fill 21, 258 fill 22 and 516 all 23."""
    for elements, bits in ((64, 3), (129, 2), (258, 1), (516, 0)):
        weights = np.full((1, elements), 127, np.int64)
        one, nothing = np.ones(1, np.float32), np.zeros(1, np.int64)
        assert finer_bits(IntegerLayer(weights, nothing, one, 0, -128, 127, 0)) == bits
        assert 128 * 127 * elements << 8 + bits < 1 << 31


def test_words_hold_their_lanes() -> None:
    """A step's two words by hand: elements 0 and 2 of each filter, then 1 and 3."""
    quads = np.array([[[[1, 3], [2, 4]], [[5, 7], [6, 8]], [[-9, 0], [0, 0]], [[10, 0], [0, 0]]]])
    made = words(quads).reshape(-1)
    assert [int(word & 0xFFFF) for word in made] == [
        10 * 256 - 9, 1 + 128 + 5 * 256, 0, 2 + 128 + 6 * 256
    ]  # fmt: skip
    assert [int(word >> 16) for word in made] == [0, 3 + 128 + 7 * 256, 0, 4 + 128 + 8 * 256]


@pytest.mark.parametrize(
    ("row", "other", "reason"),
    [
        ((2, -128), (1, -1), "-128 beside a negative weight"),
        ((3, -128), (2, -1), "-128 beside a negative weight"),
        ((2, -128), (1, 0), ""),
        ((1, -128), (0, -128), ""),
    ],
)
def test_lanes_of_16_bits(row: tuple[int, int], other: tuple[int, int], reason: str) -> None:
    quads = np.zeros((1, 4, 4), np.int64)
    for place, value in (row, other):
        quads[0, place, 0] = value
    assert refusal(quads) == reason


def test_sums_of_24_bits() -> None:
    quads = np.full((1, 4, 516), 127, np.int64)
    assert refusal(quads) == "", "127 * 128 * 516 = 8,388,096"
    assert refusal(np.pad(quads, ((0, 0), (0, 0), (0, 4)), constant_values=127)) == (
        "sums beyond 24 bits"
    )


def test_portable_is_portable(networks: dict[str, Read]) -> None:
    (op,) = networks["pointwise"].graph.ops
    reasons = {each.kernel.name: each.reason for each in candidates(op, CORTEX_M7, {}, "portable")}
    assert reasons["quads"] == "portable kernels are asked for"
    assert reasons["portable"] == ""
    assert Target().packed_arithmetic
