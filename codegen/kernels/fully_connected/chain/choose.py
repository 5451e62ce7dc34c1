"""Which kernel a layer gets, from what calibration inputs leave zero.

Costs are estimated cycles, between the two models of docs/performance.md; the tests compare them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from codegen.ir.types import Int8Array
from codegen.kernels.fully_connected.chain import dense_quads, quad_split
from codegen.kernels.fully_connected.chain.integer_layer import IntegerLayer
from codegen.kernels.fully_connected.chain.layout import STEP

# Fewer inputs than one step of the dense loop are not worth its padding.
MIN_INPUTS = STEP
# A list entry and a block of eight outputs; what the list costs for an input byte and an entry.
ENTRY_COST, SPARSE_BLOCK_COST, BYTE_COST, APPEND_COST = 11.2, 60.0, 0.9, 6.5
# An entry of the last one to three pairs of outputs, and what each pair adds; a pair's end.
TAIL_COST, TAIL_PAIR_COST, TAIL_BLOCK_COST = 4.5, 2.8, 20.0
# Four inputs times four outputs of the byte split; a block of four outputs.
QUAD_COST, DENSE_BLOCK_COST = 9.5, 38.0
# A pair of inputs times eight outputs of the quad split, or four; a block of either; an input byte.
UNIT_COST, LAST_UNIT_COST, QUADS_BLOCK_COST, LAST_BLOCK_COST = 7.75, 5.2, 80.0, 60.0
DENSE_BYTE_COST = 1.0
_TWO = "its weights or sums do not fit four outputs in three sums"
# A pair of inputs and a block of eight outputs of a sparse layer gone dense; an input byte of it.
BOUND_COST, EXPAND_COST = 10.4, 1.8
# Bounding a layer by a dense loop takes code; below this many inputs there is nothing to bound.
MIN_BOUNDED_INPUTS = 64
# Entries that fit beyond the largest number seen.
MARGIN = 1.1
# Entries that one turn of the scan may append before it looks at the limit.
TURN = 8


@dataclass(frozen=True)
class Choice:
    """A kernel for a layer.

    Attributes:
        kernel: "dense" or "sparse".
        split: how outputs share words: "quads", four in three sums (`quad_split.py`), or "bytes",
            two in two (`byte_split.py`).
        why: the reason, one short phrase.
        capacity: entries that the list of a bounded sparse layer can take; 0: all pairs fit.
        entries: how long a list is to be expected.
        cost: estimated cycles to be expected.
    """

    kernel: str
    why: str
    capacity: int = 0
    entries: float = 0.0
    cost: float = 0.0
    split: str = "quads"


def entries(values: Int8Array, base: int) -> npt.NDArray[np.int64]:
    """How many pairs of neighbours are not both `base`: int64 [N], from int8 [N, inputs]."""
    active = np.pad(values != base, ((0, 0), (0, values.shape[1] % 2)))
    found: npt.NDArray[np.int64] = (active[:, 0::2] | active[:, 1::2]).sum(1)
    return found


def sparse_cost(layer: IntegerLayer, found: float) -> float:
    """Estimated cycles of the sparse kernel for a list of `found` entries."""
    blocks, left = layer.outputs // 8, (layer.outputs % 8 + 1) // 2
    gathered = BYTE_COST * layer.inputs + APPEND_COST * found
    tail = (TAIL_COST + TAIL_PAIR_COST * left) * found + TAIL_BLOCK_COST * left if left else 0.0
    return gathered + blocks * (ENTRY_COST * found + SPARSE_BLOCK_COST) + tail


def dense_cost(layer: IntegerLayer) -> float:
    """Estimated cycles of the dense kernel by quads."""
    units, last = -(-layer.inputs // STEP) * 4, dense_quads.tail_quads(layer.outputs)
    blocks = layer.outputs // 8 + (last == 2)
    found = DENSE_BYTE_COST * layer.inputs + blocks * (UNIT_COST * units + QUADS_BLOCK_COST)
    return found + (LAST_UNIT_COST * units + LAST_BLOCK_COST if last == 1 else 0.0)


def byte_split_cost(layer: IntegerLayer) -> float:
    """Estimated cycles of the dense kernel by pairs."""
    quads, blocks = -(-layer.inputs // STEP) * 2, -(-layer.outputs // 4)
    return DENSE_BYTE_COST * layer.inputs + blocks * (QUAD_COST * quads + DENSE_BLOCK_COST)


def bound_cost(layer: IntegerLayer) -> float:
    """Estimated cycles of the sparse kernel gone dense."""
    pairs, blocks = (layer.inputs + 1) // 2, layer.outputs / 8
    return EXPAND_COST * layer.inputs + blocks * (BOUND_COST * pairs + SPARSE_BLOCK_COST)


def choose(layer: IntegerLayer, values: Int8Array | None, wanted: str, *, first: bool) -> Choice:
    """Choose for one layer.

    Args:
        values: int8 [N, inputs], the layer's inputs for calibration, in its order; or None.
        wanted: "auto", or "dense" or "sparse" as the user asked.
        first: its inputs are bytes that come from outside.
    """
    if wanted == "dense":
        return _dense(layer, "asked for by kernels=dense")
    if layer.outputs % 8 == 7:
        return _dense(layer, "seven outputs are left of blocks of eight")
    if not quad_split.is_exact(layer):
        return Choice("dense", _TWO, cost=byte_split_cost(layer), split="bytes")
    pairs = (layer.inputs + 1) // 2
    found = None if values is None else entries(values, layer.base)
    why = "asked for by kernels=sparse"
    if found is not None:
        why = f"{found.mean():.0f} of {pairs} input pairs are not zero"
    if wanted == "auto":
        if found is None:
            return _dense(layer, "no calibration inputs")
        if sparse_cost(layer, float(found.mean())) > dense_cost(layer):
            return _dense(layer, why)
    capacity = _capacity(layer, found) if first else 0
    if capacity:
        why = f"{why}; dense beyond {limit(layer.inputs, capacity)}"
    expected = pairs / 2 if found is None else float(found.mean())
    return Choice("sparse", why, capacity, expected, sparse_cost(layer, expected))


def _dense(layer: IntegerLayer, why: str) -> Choice:
    if dense_quads.is_exact(layer):
        return Choice("dense", why, cost=dense_cost(layer))
    return Choice("dense", f"{why}; {_TWO}", cost=byte_split_cost(layer), split="bytes")


def limit(inputs: int, capacity: int) -> int:
    """Entries beyond which a bounded layer goes dense: what the rest of the scan adds must fit."""
    return capacity - TURN - 2 * -(-(inputs % 16) // 4)


def _capacity(layer: IntegerLayer, found: npt.NDArray[np.int64] | None) -> int:
    """Entries of a bounded layer's list, or 0 where no bound pays or none is possible.

    The list shares its bytes with the dense loop's inputs, so that many entries cost nothing.
    """
    pairs = (layer.inputs + 1) // 2
    if layer.outputs % 8 or layer.outputs < 16 or layer.inputs < MIN_BOUNDED_INPUTS:
        return 0
    worst = bound_cost(layer)
    if sparse_cost(layer, pairs) <= worst:
        return 0
    slack = TURN + 8
    blocks = layer.outputs / 8
    crossing = int((worst - blocks * SPARSE_BLOCK_COST) / (ENTRY_COST * blocks)) + slack
    shared = (pairs + 1) // 2
    seen = 0 if found is None else int(found.max() * MARGIN) + slack
    return min(crossing, max(shared, seen), pairs + slack)
