"""Four outputs from three sums: exact where the preconditions hold, refused where they do not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from codegen.ir.types import Int8Array, Int64Array
from codegen.kernels.fully_connected.chain import byte_split, quad_split
from codegen.kernels.integer_layer import IntegerLayer
from tests.kernels.networks import all_bytes, random_integer_layer

ENDS = [-128, -127, -1, 0, 1, 127]


def signed(value: Int64Array, bits: int) -> Int64Array:
    """The low bits as a two's complement number."""
    half = 1 << (bits - 1)
    found: Int64Array = ((value & (2 * half - 1)) ^ half) - half
    return found


def accumulators(layer: IntegerLayer, inputs: Int8Array) -> Int64Array:
    """int64 [N, whole blocks' outputs] as the processor finds them, instruction by instruction."""
    covered = quad_split.whole_blocks(layer)
    words = quad_split.words(layer)[:, : covered // 2].astype(np.int64)
    x = inputs.astype(np.int64) - layer.base
    x = np.pad(x, ((0, 0), (0, layer.inputs % 2)))
    first, second = words[:, 0::2], words[:, 1::2]
    moved = (second << 8) & 0xFF00FF00

    def lanes(word: Int64Array) -> Int64Array:
        return np.stack([word & 0xFFFF, word >> 16], axis=1).reshape(-1, word.shape[1])

    # SXTAB16: each lane gets a sign-extended byte and keeps 16 bits.
    third = signed(lanes(moved) + signed(lanes(first) >> 8, 8), 16)
    start = quad_split.initial_sums(layer).astype(np.int64)
    u = start[:, 0] + x @ signed(lanes(first), 16) - 128 * x.sum(axis=1, keepdims=True)
    v = start[:, 1] + x @ signed(lanes(second), 16)
    w = start[:, 2] + x @ third
    u, v, w = (signed(each, 32) for each in (u, v, w))
    a = signed(u - 256 * (w - 256 * v), 24)
    b = signed(u - a, 32)
    c = signed(w - (b >> 8), 32)
    d = signed(v - (c >> 8), 32)
    found: Int64Array = np.stack([a, b >> 8, c >> 8, d >> 8], axis=2).reshape(len(x), covered)
    return found


@pytest.mark.parametrize("kind", ["plain", "sparse", "small"])
@pytest.mark.parametrize(("outputs", "inputs"), [(8, 1), (8, 2), (9, 5), (22, 64), (24, 127)])
def test_three_sums_give_four_accumulators(kind: str, outputs: int, inputs: int) -> None:
    rng = np.random.default_rng(outputs)
    layer = random_integer_layer(rng, outputs, inputs, kind)
    assert quad_split.is_exact(layer)
    given = all_bytes(rng, layer)
    covered = quad_split.whole_blocks(layer)
    assert np.array_equal(accumulators(layer, given), layer.accumulate(given)[:, :covered])


def of_weights(weights: list[int]) -> IntegerLayer:
    """One input, eight outputs, of which the first four have the given weights."""
    layer = random_integer_layer(np.random.default_rng(0), 8, 1)
    column = np.array([*weights, 1, -1, 2, -2])[:, np.newaxis]
    return replace(layer, weights=column, bias=np.zeros(8, np.int64), base=0)


@pytest.mark.parametrize("low", ENDS)
@pytest.mark.parametrize("high", ENDS)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_exact_where_lanes_fit_a_halfword(low: int, high: int, place: int) -> None:
    """A and B always, whose low byte has no sign; B and C, C and D where 256 * high + low fits."""
    weights = [3, 3, 3, 3]
    weights[place : place + 2] = [low, high]
    layer = of_weights(weights)
    fits = place == 0 or -(2**15) <= 256 * high + low < 2**15
    # B's weight stands below C's 3, C's below D's 3: these fit always.
    assert quad_split.is_exact(layer) == fits
    if fits:
        given = np.arange(-128, 128).astype(np.int8)[:, np.newaxis]
        assert np.array_equal(accumulators(layer, given), layer.accumulate(given))


@pytest.mark.parametrize("output", range(8))
@pytest.mark.parametrize("over", [-1, 0, 1])
@pytest.mark.parametrize("side", [-1, 1])
def test_every_sum_must_fit_24_bits(output: int, over: int, side: int) -> None:
    """One output's largest or smallest sum lies at the edge of 24 bits, or one beyond."""
    layer = of_weights([1, 1, 1, 1])
    layer = replace(layer, weights=np.ones_like(layer.weights))
    edge = 2**23 - 1 - 127 if side > 0 else -(2**23) + 128
    bias = np.where(np.arange(8) == output, edge + side * over, 0)
    layer = replace(layer, bias=bias)
    assert quad_split.is_exact(layer) == (over <= 0)
    if over <= 0:
        given = np.arange(-128, 128).astype(np.int8)[:, np.newaxis]
        assert np.array_equal(accumulators(layer, given), layer.accumulate(given))


def test_what_blocks_leave_stays_pairs() -> None:
    """The last outputs' words are the byte split's."""
    layer = random_integer_layer(np.random.default_rng(1), 13, 6)
    words, pairs = quad_split.words(layer), byte_split.words(layer)
    assert np.array_equal(words[:, 4:], pairs[:, 4:])
    assert np.array_equal(words[:, 1:4:2], pairs[:, 1:4:2])
    assert (words[:, 0:4:2] != pairs[:, 0:4:2]).all()
