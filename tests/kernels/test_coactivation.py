"""Pairs of units: a permutation, allowed pairs only, units that fire together side by side."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import numpy.typing as npt
import pytest

from codegen.kernels.fully_connected.chain.coactivation import coactivation, match

Bools = npt.NDArray[np.bool_]


def total(together: npt.NDArray[np.float64], order: npt.NDArray[np.int64]) -> float:
    """Co-activation of all pairs of an order."""
    paired = order[: len(order) // 2 * 2].reshape(-1, 2)
    return float(together[paired[:, 0], paired[:, 1]].sum())


def test_counts_how_often_two_fire() -> None:
    rng = np.random.default_rng(11)
    values = rng.choice([-128, -128, 5, 127], (40, 6)).astype(np.int8)
    together = coactivation(values, -128)
    for a in range(6):
        for b in range(6):
            both = sum(1 for row in values if row[a] != -128 and row[b] != -128)
            assert together[a, b] == both


@pytest.mark.parametrize("units", [1, 2, 3, 8, 17, 64, 129])
def test_is_a_permutation_of_allowed_pairs(units: int) -> None:
    rng = np.random.default_rng(units)
    together = coactivation(rng.choice([-128, 4], (50, units)).astype(np.int8), -128)
    allowed: Bools = rng.random((units, units)) < 0.8
    order = match(together, allowed)
    if order is None:
        assert units < 8
        return
    assert sorted(order.tolist()) == list(range(units))
    for low, high in order[: units // 2 * 2].reshape(-1, 2):
        assert allowed[low, high]


def test_units_that_fire_together_become_partners() -> None:
    """Twelve units, every two of which are one signal."""
    rng = np.random.default_rng(12)
    signals = rng.choice([-128, 9], (200, 6)).astype(np.int8)
    hidden = rng.permutation(12)
    values = np.repeat(signals, 2, axis=1)[:, hidden]
    order = match(coactivation(values, -128), np.ones((12, 12), bool))
    assert order is not None
    for a, b in order.reshape(-1, 2):
        assert np.array_equal(values[:, a], values[:, b])


@pytest.mark.parametrize("seed", range(4))
def test_no_exchange_of_partners_gains(seed: int) -> None:
    """Six units: as good as the best of all matchings, or no single exchange away from better."""
    rng = np.random.default_rng(seed)
    together = coactivation(rng.choice([-128, -128, 4], (60, 6)).astype(np.int8), -128)
    order = match(together, np.ones((6, 6), bool))
    assert order is not None
    best = max(total(together, np.array(each)) for each in permutations(range(6)))
    one_exchange = [_swapped(order, places) for places in permutations(range(6), 2)]
    reached = total(together, order)
    assert reached == best or all(total(together, each) <= reached for each in one_exchange)


def _swapped(order: npt.NDArray[np.int64], places: tuple[int, ...]) -> npt.NDArray[np.int64]:
    other = order.copy()
    other[list(places)] = other[list(places[::-1])]
    return other


def test_refuses_when_nothing_may_pair() -> None:
    assert match(np.zeros((4, 4)), np.zeros((4, 4), bool)) is None


def test_direction_is_kept() -> None:
    """Unit 1 may only stand above."""
    allowed = np.array([[False, True], [False, False]])
    order = match(np.zeros((2, 2)), allowed)
    assert order is not None and order.tolist() == [0, 1]
    reverse = match(np.zeros((2, 2)), allowed.T)
    assert reverse is not None and reverse.tolist() == [1, 0]
