"""Integer requantization equals the float32 reference wherever its constants were proved."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from codegen.ir.types import Int64Array
from codegen.kernels.fully_connected.chain.requantize import (
    IntegerConstants,
    proved,
    search,
)
from codegen.kernels.integer_layer import IntegerLayer
from codegen.kernels.thresholds import thresholds
from tests.kernels.networks import random_integer_layer

# Accumulators of any layer that the search takes fit here.
LIMIT = 2**22


def layer_of(seed: int, largest_multiplier: float, outputs: int = 12) -> IntegerLayer:
    """Random weights, multipliers below the given one, any zero point."""
    rng = np.random.default_rng(seed)
    layer = random_integer_layer(rng, outputs, 64)
    multipliers = (rng.uniform(0.2, 1, outputs) * largest_multiplier).astype(np.float32)
    return replace(layer, multipliers=multipliers, zero_point=int(rng.integers(-128, 128)))


def reachable(layer: IntegerLayer, seed: int = 0) -> Int64Array:
    """int64 [N, outputs]: both ends, all near any threshold, and random ones."""
    smallest, largest = layer.reach()
    _, at = thresholds(layer)
    near = np.concatenate([at.T + step for step in range(-4, 5)])
    rng = np.random.default_rng(seed)
    drawn = rng.integers(smallest, largest + 1, (5_000, layer.outputs))
    points = np.concatenate([near, drawn, smallest[np.newaxis], largest[np.newaxis]])
    clipped: Int64Array = np.clip(points, smallest, largest)
    return clipped


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("largest", [0.9, 0.05, 0.004])
def test_thresholds_are_the_first_to_reach_a_byte(seed: int, largest: float) -> None:
    layer = layer_of(seed, largest)
    levels, at = thresholds(layer)
    smallest, top = (end[:, np.newaxis] for end in layer.reach())
    here = layer.requantize(np.clip(at, smallest, top).T).T
    before = layer.requantize(np.clip(at - 1, smallest, top).T).T
    assert ((here >= levels) | (at > top)).all()
    assert ((before < levels) | (at <= smallest)).all()


@pytest.mark.parametrize("largest", [2e-3, 1e-5, 3e-7])
def test_thresholds_of_large_sums_are_where_a_whole_search_finds_them(largest: float) -> None:
    """Beyond 2^24 float32's rounding moves them by many steps."""
    for seed in range(6):
        layer = layer_of(seed, largest, 16)
        rng = np.random.default_rng(seed)
        bias = rng.integers(-(2**30), 2**30, layer.outputs)
        # Every second one near where its bytes change.
        near = np.rint(rng.uniform(-100, 100, layer.outputs) / layer.multipliers)
        layer = replace(layer, bias=np.where(np.arange(16) % 2, bias, near).astype(np.int64))
        levels, found = thresholds(layer)
        smallest, top = layer.reach()
        first = np.repeat(smallest[:, np.newaxis], len(levels), axis=1)
        last = np.repeat(top[:, np.newaxis] + 1, len(levels), axis=1)
        while (first < last).any():
            middle = (first + last) >> 1
            reached = levels <= layer.requantize(middle.T).T
            first, last = np.where(reached, first, middle + 1), np.where(reached, middle, last)
            first = np.minimum(first, last)
        assert np.array_equal(found, last)


def test_found_constants_equal_the_reference() -> None:
    """Over networks of many scales; some must have constants, or the test shows nothing."""
    found = 0
    for seed in range(30):
        layer = layer_of(seed, (2.0, 0.3, 0.05, 0.01, 0.002)[seed % 5], 1 + seed % 7)
        result = search(layer)
        if result.constants is None:
            assert result.found < layer.outputs
            continue
        found += 1
        assert result.found == layer.outputs
        points = reachable(layer, seed)
        made = np.maximum(result.constants.apply(points), layer.low + 128) - 128
        assert np.array_equal(made, layer.requantize(points))
    assert found >= 5


def test_every_single_accumulator() -> None:
    """Layers whose sums are few enough to try all of them."""
    tried = 0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        layer = replace(
            random_integer_layer(rng, 1, 6),
            multipliers=rng.uniform(0.003, 0.04, 1).astype(np.float32),
        )
        constants = search(layer).constants
        if constants is None:
            continue
        tried += 1
        every = np.arange(int(layer.reach()[0][0]), int(layer.reach()[1][0]) + 1)[:, np.newaxis]
        assert np.array_equal(constants.apply(every) - 128, layer.requantize(every))
    assert tried >= 3


def test_none_where_ties_go_to_even() -> None:
    """A multiplier of 0.013: 500, 1,500 and 2,500 are ties, rounded down, up and down.

    So bytes 7, 20 and 33 are first reached in (500, 501], (1499, 1500] and (2500, 2501]: no
    straight line passes through all three.
    """
    layer = replace(
        random_integer_layer(np.random.default_rng(0), 1, 64),
        multipliers=np.array([0.013], np.float32),
        zero_point=0,
    )
    points = np.array([[500], [501], [1_499], [1_500], [2_500], [2_501]])
    assert layer.requantize(points)[:, 0].tolist() == [6, 7, 19, 20, 32, 33]
    assert search(layer).constants is None


def test_constants_fit_the_instructions() -> None:
    """Multipliers and scaled sums fit 32 bits, the shift fits USAT."""
    for seed in range(10):
        layer = layer_of(seed, 0.02, 4)
        constants = search(layer).constants
        if constants is None:
            continue
        assert (constants.multipliers > 0).all() and (constants.multipliers < 2**31).all()
        assert 0 <= constants.shift <= 31
        for end in layer.reach():
            scaled = 256 * end + constants.addends
            assert (scaled >= -(2**31)).all() and (scaled < 2**31).all()


def test_none_where_float32_is_too_coarse() -> None:
    """Sums near 2^24 with tiny multipliers: float32's rounding shifts thresholds off any line."""
    outcomes = [search(layer_of(seed, 0.00002, 24)) for seed in range(4)]
    wide = [replace(layer_of(seed, 0.0009, 24), bias=np.full(24, LIMIT)) for seed in range(4)]
    outcomes += [search(layer) for layer in wide]
    for layer, outcome in zip(wide, outcomes[4:], strict=True):
        if outcome.constants is not None:
            points = reachable(layer)
            assert np.array_equal(outcome.constants.apply(points) - 128, layer.requantize(points))
    assert any(outcome.constants is None for outcome in outcomes)


def test_proof_refuses_constants_that_are_off_by_one_step() -> None:
    """An addend moved beyond its interval, or another multiplier, makes some byte wrong."""
    layer = layer_of(4, 0.05, 3)
    constants = search(layer).constants
    assert constants is not None
    points = (*thresholds(layer), *layer.reach())
    assert proved(constants, *points)
    for wrong in (
        replace(constants, addends=constants.addends + 256 * 20),
        replace(constants, addends=constants.addends - 256 * 20),
        replace(constants, multipliers=constants.multipliers + constants.multipliers // 50),
        IntegerConstants(constants.multipliers, constants.addends, constants.shift + 1),
    ):
        assert not proved(wrong, *points)


def test_an_addend_may_be_the_largest_of_its_word() -> None:
    """A row that always gives 127: the multiplier next to the nearest one needs exactly that."""
    one = np.zeros(1, np.int64)
    multiplier = np.array([255 * 2.0**-23], np.float32)
    layer = IntegerLayer(np.zeros((1, 8), np.int64), one, multiplier, 127, -128, 127, base=0)
    constants = search(layer).constants
    assert constants is not None
    assert (constants.addends[0], constants.multipliers[0]) == (2**31 - 1, 255 * 2**23 + 1)
