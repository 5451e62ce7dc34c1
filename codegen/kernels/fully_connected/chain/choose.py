"""Which kernel a layer gets, from what calibration inputs leave zero.

Costs are estimated cycles, between the two models of docs/performance.md; the tests compare them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from codegen.ir.types import Int8Array
from codegen.kernels.fully_connected.chain import dense_quads, quad_split
from codegen.kernels.fully_connected.chain.layout import MAX_COPIES, STEP
from codegen.kernels.integer_layer import IntegerLayer

# Fewer inputs than one step of the dense loop are not worth its padding.
MIN_INPUTS = STEP
# A list entry and a block of eight outputs; what makes the list: an input byte and an entry of a
# first layer, a pair of another one's; an entry whose address moves on.
ENTRY_COST, SPARSE_BLOCK_COST = 8.4, 70.0
BYTE_COST, APPEND_COST, PAIR_COST, MOVE_COST = 0.8, 7.5, 5.4, 2.3
# Four inputs times four outputs of the byte split; a block of four outputs.
QUAD_COST, DENSE_BLOCK_COST = 9.5, 38.0
# A pair of inputs times eight outputs of the quad split, or four; a block of either; an input byte.
UNIT_COST, LAST_UNIT_COST, QUADS_BLOCK_COST, LAST_BLOCK_COST = 7.75, 5.2, 60.0, 60.0
DENSE_BYTE_COST = 1.0
_TWO = "its weights or sums do not fit four outputs in three sums"


@dataclass(frozen=True)
class Choice:
    """A kernel for a layer.

    Attributes:
        kernel: "dense" or "sparse", or "direct" (`direct.py`), which nobody asks for by name.
        split: how outputs share words: "quads", four in three sums (`quad_split.py`), or "bytes",
            two in two (`byte_split.py`).
        why: the reason, one short phrase.
        entries: how long a sparse layer's list is to be expected.
        cost: estimated cycles to be expected.
    """

    kernel: str
    why: str
    entries: float = 0.0
    cost: float = 0.0
    split: str = "quads"


def entries(values: Int8Array, base: int) -> npt.NDArray[np.int64]:
    """How many pairs of neighbours are not both `base`: int64 [N], from int8 [N, inputs]."""
    active = np.pad(values != base, ((0, 0), (0, values.shape[1] % 2)))
    found: npt.NDArray[np.int64] = (active[:, 0::2] | active[:, 1::2]).sum(1)
    return found


def sparse_cost(layer: IntegerLayer, found: float, *, first: bool) -> float:
    """Estimated cycles of the sparse kernel for a list of `found` entries."""
    blocks, pairs = quad_split.blocks(layer), (layer.inputs + 1) // 2
    gathered = BYTE_COST * layer.inputs + APPEND_COST * found if first else PAIR_COST * pairs
    moved = (blocks - 1) // MAX_COPIES * MOVE_COST * found
    return gathered + moved + blocks * (ENTRY_COST * found + SPARSE_BLOCK_COST)


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


def choose(layer: IntegerLayer, values: Int8Array | None, wanted: str, *, first: bool) -> Choice:
    """Choose for one layer.

    Args:
        values: int8 [N, inputs], the layer's inputs for calibration, in its order; or None.
        wanted: "auto" or "small", which take the same, or "dense" or "sparse" as the user asked.
        first: its inputs are bytes that come from outside.
    """
    if wanted == "dense":
        return _dense(layer, "asked for by kernels=dense")
    if not dense_quads.is_exact(layer):
        return Choice("dense", _TWO, cost=byte_split_cost(layer), split="bytes")
    pairs = (layer.inputs + 1) // 2
    found = None if values is None else entries(values, layer.base)
    why = "asked for by kernels=sparse"
    if found is not None:
        why = f"{found.mean():.0f} of {pairs} input pairs are not zero"
    if wanted != "sparse":
        if found is None:
            return _dense(layer, "no calibration inputs")
        if sparse_cost(layer, float(found.mean()), first=first) > dense_cost(layer):
            return _dense(layer, why)
    expected = pairs / 2 if found is None else float(found.mean())
    return Choice("sparse", why, expected, sparse_cost(layer, expected, first=first))


def _dense(layer: IntegerLayer, why: str) -> Choice:
    if dense_quads.is_exact(layer):
        return Choice("dense", why, cost=dense_cost(layer))
    return Choice("dense", f"{why}; {_TWO}", cost=byte_split_cost(layer), split="bytes")
