"""Two outputs in one halfword: exact where the preconditions hold, refused where they do not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from codegen.ir.types import Int8Array, Int64Array
from codegen.kernels.fully_connected.chain import byte_split
from codegen.kernels.fully_connected.chain.plan import obstacle
from codegen.kernels.integer_layer import IntegerLayer
from tests.kernels.networks import all_bytes, random_integer_layer


def sums_by_words(layer: IntegerLayer, inputs: Int8Array) -> Int64Array:
    """int64 [N, outputs] as the processor adds them: halves and even bytes of words, mod 2^32."""
    words = byte_split.words(layer).astype(np.int64)
    x = inputs.astype(np.int64) - layer.base
    x = np.pad(x, ((0, 0), (0, layer.inputs % 2)))
    halves = np.stack([words & 0xFFFF, words >> 16], axis=1).reshape(-1, words.shape[1])
    halves = (halves ^ 0x8000) - 0x8000
    low = ((halves & 0xFF) ^ 0x80) - 0x80
    start = byte_split.initial_sums(layer).astype(np.int64)
    t = (start[:, 0] + x @ halves) & 0xFFFFFFFF
    lower = (start[:, 1] + x @ low) & 0xFFFFFFFF
    scaled = (((t - lower) & 0xFFFFFFFF) ^ 0x80000000) - 0x80000000
    lower = (lower ^ 0x80000000) - 0x80000000
    assert not (scaled & 0xFF).any()
    both: Int64Array = np.stack([lower, scaled >> 8], axis=2).reshape(len(x), -1)
    return both[:, : layer.outputs]


@pytest.mark.parametrize("kind", ["plain", "sparse", "small"])
@pytest.mark.parametrize(("outputs", "inputs"), [(1, 1), (2, 1), (3, 5), (8, 64), (17, 127)])
def test_words_give_the_accumulators(kind: str, outputs: int, inputs: int) -> None:
    rng = np.random.default_rng(outputs)
    layer = random_integer_layer(rng, outputs, inputs, kind)
    rows = np.pad(np.arange(outputs), (0, outputs % 2), constant_values=-1)
    assert byte_split.is_exact(layer, rows[0::2], rows[1::2])
    given = all_bytes(rng, layer)
    assert np.array_equal(sums_by_words(layer, given), layer.accumulate(given))


def pair(low: int, high: int) -> IntegerLayer:
    """One input, two outputs."""
    layer = random_integer_layer(np.random.default_rng(0), 2, 1)
    return replace(layer, weights=np.array([[low], [high]]), bias=np.zeros(2, np.int64), base=0)


@pytest.mark.parametrize("low", [-128, -127, -1, 0, 1, 127])
@pytest.mark.parametrize("high", [-128, -127, -1, 0, 1, 127])
def test_exact_pairs_are_those_that_fit_a_halfword(low: int, high: int) -> None:
    layer = pair(low, high)
    fits = -(2**15) <= 256 * high + low < 2**15
    assert byte_split.exact_pairs(layer)[0, 1] == fits
    assert byte_split.is_exact(layer, np.array([0]), np.array([1])) == fits
    if fits:
        given = np.arange(-128, 128).astype(np.int8)[:, np.newaxis]
        assert np.array_equal(sums_by_words(layer, given), layer.accumulate(given))


@pytest.mark.parametrize("over", [-1, 0, 1])
@pytest.mark.parametrize("side", [-1, 1])
def test_a_high_sum_must_fit_24_bits(over: int, side: int) -> None:
    """B's largest or smallest sum lies at the edge of a signed 24-bit number, or one beyond."""
    layer = pair(1, 1)
    edge = 2**23 - 1 - 127 if side > 0 else -(2**23) + 128
    layer = replace(layer, bias=np.array([0, edge + side * over]))
    fits = over <= 0
    assert byte_split.high_rows(layer).tolist() == [True, fits]
    assert byte_split.is_exact(layer, np.array([0]), np.array([1])) == fits
    # As the low one it may be that large: L has all 32 bits.
    assert byte_split.is_exact(layer, np.array([1]), np.array([0]))
    given = np.arange(-128, 128).astype(np.int8)[:, np.newaxis]
    assert np.array_equal(sums_by_words(layer, given), layer.accumulate(given)) == fits


def test_a_lone_output_needs_no_partner() -> None:
    layer = pair(-128, -128)
    assert byte_split.is_exact(layer, np.array([0, 1]), np.array([-1, -1]))
    assert not byte_split.is_exact(layer, np.array([0]), np.array([1]))
    assert byte_split.is_exact(layer, np.array([-1]), np.array([1]))


def test_an_output_of_the_least_weight_is_packed_beside_one_without_negatives() -> None:
    """Each pair is of two different outputs."""
    weights = np.ones((2, 8), np.int64)
    weights[1, 3] = -128
    layer = random_integer_layer(np.random.default_rng(0), 2, 8)
    layer = replace(layer, weights=weights, bias=np.zeros(2, np.int64), base=0)
    assert obstacle(layer) == ""
    weights[0, 3] = -1
    assert obstacle(replace(layer, weights=weights)).endswith("do not fit the byte split")
