"""Counting inputs from another byte changes no output."""

from __future__ import annotations

import numpy as np
import pytest

from codegen.ir.graph import tensor
from codegen.ir.types import Quantization
from codegen.kernels.folding import integer_layer, limit_inputs, rebase
from codegen.ops import operator_of
from tests.kernels.networks import (
    WEIGHTS,
    all_bytes,
    random_inputs,
    random_integer_layer,
    random_layer,
)


@pytest.mark.parametrize("seed", range(20))
def test_integer_layer_is_the_reference(seed: int) -> None:
    rng = np.random.default_rng(seed)
    zero_point = int(rng.choice([-128, 127, 3]))
    source = tensor("x", (1, 37), Quantization(np.float32(0.02), zero_point))
    node = random_layer(rng, "fc", source, 11, last=True)
    inputs = random_inputs(rng, 37, 60, -128)
    expected = operator_of(node).reference(node, inputs)
    assert np.array_equal(integer_layer(node).run(inputs), expected)


@pytest.mark.parametrize("kind", WEIGHTS)
@pytest.mark.parametrize("base", [-128, -1, 0, 127])
def test_rebase_changes_no_byte(kind: str, base: int) -> None:
    rng = np.random.default_rng(8)
    layer = random_integer_layer(rng, 9, 23, kind)
    inputs = all_bytes(rng, layer)
    moved = rebase(layer, base)
    assert np.array_equal(moved.run(inputs), layer.run(inputs))
    assert np.array_equal(moved.accumulate(inputs), layer.accumulate(inputs))


def test_reach_is_reached_and_never_left() -> None:
    rng = np.random.default_rng(9)
    layer = limit_inputs(random_integer_layer(rng, 7, 31), -100, 90)
    sums = layer.accumulate(all_bytes(rng, layer))
    smallest, largest = layer.reach()
    assert np.array_equal(sums.min(0), smallest)
    assert np.array_equal(sums.max(0), largest)
