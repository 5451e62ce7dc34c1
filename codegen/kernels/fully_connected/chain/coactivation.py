"""Pair the units of a hidden layer that fire together.

A sparse kernel skips a pair of inputs only when both are zero, so the expected work is the number
of pairs in which at least one unit fires: Σ (f_a + f_b - f_ab). The first two terms do not depend
on the pairing; what is left is a matching of the largest total co-activation f_ab. Greedy, then
improved by exchanging partners between two pairs until nothing gains.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from codegen.ir.types import Int8Array

Order = npt.NDArray[np.int64]
# Rounds of exchanges over all pairs; a few dozen suffice, this only bounds the time.
_MAX_ROUNDS = 100


def coactivation(outputs: Int8Array, base: int) -> npt.NDArray[np.float64]:
    """How often two units are both away from `base`: int8 [N, units] → float64 [units, units]."""
    fired = (outputs != base).astype(np.float32)
    together: npt.NDArray[np.float64] = (fired.T @ fired).astype(np.float64)
    return together


def match(together: npt.NDArray[np.float64], allowed: npt.NDArray[np.bool_]) -> Order | None:
    """Order the units so that places 2j, 2j+1 hold a pair, the first one in the low byte.

    Args:
        together: float64 [units, units], symmetric.
        allowed: bool [units, units], [a, b]: a may be low with b high; an odd unit stays alone
            at the end, which is allowed where `allowed[a, a]`... is not needed: alone means low.

    Returns:
        int64 [units], or None when the allowed pairs admit no matching that this search finds.
    """
    units = len(together)
    either = allowed | allowed.T
    np.fill_diagonal(either := either.copy(), False)
    pairs, alone = _greedy(together, either)
    if units % 2 != len(alone):
        return None
    pairs = _improve(together, either, pairs)
    ordered = [(a, b) if allowed[a, b] else (b, a) for a, b in pairs]
    ordered.sort(key=min)
    return np.array([unit for pair in ordered for unit in pair] + alone, np.int64)


def _greedy(
    together: npt.NDArray[np.float64], allowed: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.int64], list[int]]:
    """Pairs by falling co-activation; first those units that may pair with few others."""
    units = len(together)
    free = np.ones(units, bool)
    pairs = []
    choices = allowed.sum(axis=1)
    rare = [int(u) for u in np.argsort(choices, kind="stable") if choices[u] < units - 1]
    weight = np.where(allowed, together, -1.0)
    for unit in rare:
        if free[unit]:
            partner = int(np.where(free, weight[unit], -1.0).argmax())
            if free[partner] and weight[unit, partner] >= 0:
                pairs.append((unit, partner))
                free[[unit, partner]] = False
    upper = np.triu_indices(units, 1)
    order = np.argsort(-weight[upper], kind="stable")
    for a, b in zip(upper[0][order].tolist(), upper[1][order].tolist(), strict=True):
        if free[a] and free[b] and allowed[a, b]:
            pairs.append((a, b))
            free[[a, b]] = False
    return np.array(pairs, np.int64).reshape(-1, 2), np.flatnonzero(free).tolist()


def _improve(
    together: npt.NDArray[np.float64],
    allowed: npt.NDArray[np.bool_],
    pairs: npt.NDArray[np.int64],
) -> npt.NDArray[np.int64]:
    """Exchange partners between two pairs while that raises the total."""
    pairs = pairs.copy()
    weight = np.where(allowed, together, -np.inf)
    for _ in range(_MAX_ROUNDS):
        improved = False
        for k in range(len(pairs)):
            a, b = pairs[k]
            others = np.delete(np.arange(len(pairs)), k)
            c, d = pairs[others].T
            now = weight[a, b] + weight[c, d]
            gains = np.stack([weight[a, c] + weight[b, d], weight[a, d] + weight[b, c]]) - now
            if not gains.size or gains.max() <= 0:
                continue
            way, index = np.unravel_index(int(gains.argmax()), gains.shape)
            other, first, second = others[index], c[index], d[index]
            partners = (first, second) if way == 0 else (second, first)
            pairs[k], pairs[other] = (a, partners[0]), (b, partners[1])
            improved = True
        if not improved:
            break
    return pairs
