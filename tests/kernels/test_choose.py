"""Which kernel a layer gets, and the reason that users read."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from codegen.ir.types import Int8Array
from codegen.kernels.fully_connected.chain.choose import PAIR_COST, choose, entries, sparse_cost
from codegen.kernels.integer_layer import IntegerLayer
from tests.kernels.networks import random_integer_layer


@pytest.fixture
def layer() -> IntegerLayer:
    """784 → 32."""
    return random_integer_layer(np.random.default_rng(13), 32, 784)


def values(layer: IntegerLayer, share: float) -> Int8Array:
    """int8 [50, inputs], of which about `share` are not the base."""
    rng = np.random.default_rng(14)
    active = rng.random((50, layer.inputs)) < share
    other = -128 if layer.base != -128 else 127
    return np.where(active, other, layer.base).astype(np.int8)


@pytest.mark.parametrize("inputs", [1, 2, 7, 8])
def test_entries_are_pairs_with_something_in_them(inputs: int) -> None:
    rng = np.random.default_rng(inputs)
    given = rng.choice([-128, -128, 3], (30, inputs)).astype(np.int8)
    expected = [
        sum(1 for i in range(0, inputs, 2) if (row[i : i + 2] != -128).any()) for row in given
    ]
    assert entries(given, -128).tolist() == expected


def test_as_asked_for(layer: IntegerLayer) -> None:
    for given in (None, values(layer, 0.05)):
        dense = choose(layer, given, "dense", first=True)
        assert (dense.kernel, dense.why) == ("dense", "asked for by kernels=dense")
    sparse = choose(layer, None, "sparse", first=False)
    assert (sparse.kernel, sparse.why) == ("sparse", "asked for by kernels=sparse")
    assert choose(layer, None, "sparse", first=True).kernel != "dense"


def test_auto_needs_calibration_inputs(layer: IntegerLayer) -> None:
    choice = choose(layer, None, "auto", first=True)
    assert (choice.kernel, choice.why) == ("dense", "no calibration inputs")


@pytest.mark.parametrize("share", [None, 0.05, 0.9])
def test_small_takes_what_auto_takes(layer: IntegerLayer, share: float | None) -> None:
    """Nobody asked for a list of inputs, which is an array of its own."""
    given = None if share is None else values(layer, share)
    small = choose(layer, given, "small", first=True)
    assert small == choose(layer, given, "auto", first=True)


@pytest.mark.parametrize("first", [True, False])
def test_auto_follows_how_much_is_zero(layer: IntegerLayer, *, first: bool) -> None:
    quiet, busy = values(layer, 0.05), values(layer, 0.9)
    chosen = choose(layer, quiet, "auto", first=first)
    assert chosen.kernel != "dense"
    mean = entries(quiet, layer.base).mean()
    assert chosen.why.startswith(f"{mean:.0f} of 392 input pairs are not zero")
    assert choose(layer, busy, "auto", first=first).kernel == "dense"


@pytest.mark.parametrize("outputs", [1, 7, 12, 15])
def test_outputs_beside_blocks_of_eight(outputs: int) -> None:
    """Any number can be sparse."""
    layer = random_integer_layer(np.random.default_rng(15), outputs, 16)
    for first in (False, True):
        assert choose(layer, values(layer, 0.05), "sparse", first=first).kernel == "sparse"


@pytest.mark.parametrize("wanted", ["auto", "sparse"])
def test_sums_that_three_registers_cannot_hold(wanted: str, layer: IntegerLayer) -> None:
    """A low output may have 32 bits in a pair, but no more than 24 in a quad."""
    large = replace(layer, bias=layer.bias + np.where(np.arange(32) == 4, 2**23, 0))
    choice = choose(large, values(layer, 0.05), wanted, first=True)
    assert choice.kernel == "dense"
    assert choice.why == "its weights or sums do not fit four outputs in three sums"
    assert choose(layer, values(layer, 0.05), wanted, first=True).kernel == "sparse"


def test_each_pair_of_a_later_layer_is_looked_at_once() -> None:
    first, second = (random_integer_layer(np.random.default_rng(1), 8, n) for n in (16, 18))
    more = sparse_cost(second, 5, first=False) - sparse_cost(first, 5, first=False)
    assert more == pytest.approx(PAIR_COST)
