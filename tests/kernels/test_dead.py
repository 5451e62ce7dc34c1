"""Constant neurons vanish into the next layer's bias, and only they."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from codegen.kernels.fully_connected.chain.dead import constant_outputs, remove_dead
from codegen.kernels.integer_layer import IntegerLayer
from tests.kernels.networks import all_bytes, random_integer_layer


def layers(seed: int, dead: tuple[int, ...]) -> tuple[IntegerLayer, IntegerLayer]:
    """13 → 12 → 5, `dead` of the twelve constant: low, high, or in between with zero weights."""
    rng = np.random.default_rng(seed)
    first = replace(random_integer_layer(rng, 12, 13), low=-128, zero_point=-20)
    bias, weights = first.bias.copy(), first.weights.copy()
    for number, row in enumerate(dead):
        bias[row] = (-(10**6), 10**6, 1_000)[number % 3]
        if number % 3 == 2:
            weights[row] = 0
    first = replace(first, bias=bias, weights=weights)
    return first, replace(random_integer_layer(rng, 5, 12), base=-7)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("dead", [(), (3,), (0, 5, 11), (1, 2, 4, 7, 8, 9)])
def test_no_byte_changes(seed: int, dead: tuple[int, ...]) -> None:
    first, second = layers(seed, dead)
    inputs = all_bytes(np.random.default_rng(1), first)
    shorter, reading, kept = remove_dead(first, second)
    assert set(dead).isdisjoint(kept.tolist())
    assert shorter.outputs == reading.inputs == len(kept)
    assert np.array_equal(reading.run(shorter.run(inputs)), second.run(first.run(inputs)))
    assert np.array_equal(shorter.run(inputs), first.run(inputs)[:, kept])


@pytest.mark.parametrize("seed", range(5))
def test_what_is_removed_is_exactly_what_never_changes(seed: int) -> None:
    """The inputs of `all_bytes` reach both ends of every sum, so they show every live neuron."""
    first, second = layers(seed, (2, 6, 7))
    made = first.run(all_bytes(np.random.default_rng(2), first))
    same = made.min(0) == made.max(0)
    dead, value = constant_outputs(first)
    assert np.array_equal(dead, same)
    assert np.array_equal(value[dead], made[0, dead])
    assert np.array_equal(remove_dead(first, second)[2], np.flatnonzero(~same))


def test_one_output_stays() -> None:
    """A layer of constants alone remains a layer, and computes the same."""
    first, second = layers(3, ())
    first = replace(first, weights=np.zeros_like(first.weights))
    shorter, reading, kept = remove_dead(first, second)
    inputs = all_bytes(np.random.default_rng(3), first, 5)
    assert len(kept) == 1
    assert np.array_equal(reading.run(shorter.run(inputs)), second.run(first.run(inputs)))
