"""Which kernel a layer gets, from what calibration inputs leave zero.

Costs are instructions of the inner loops, counted in the templates.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from codegen.graph import Int8Array
from codegen.kernels.integer_layer import IntegerLayer

SPARSE_BLOCK, DENSE_BLOCK = 8, 4
# LDRD reaches 1,020 bytes from its base register (ARMv7-M ARM A7.7.50): 31 blocks of 32 bytes.
MAX_SPARSE_OUTPUTS = 31 * SPARSE_BLOCK
# One list entry for eight outputs with its share of the loop, and what each block costs beside.
ENTRY_COST, BLOCK_COST = 15.7, 85.0
# One quad for four outputs: dense, and dense over the sparse kernel's weights.
QUAD_COST, STRIDED_QUAD_COST = 11.8, 12.3
# List entries that one step of the gather can add beyond the limit, and the end mark.
OVERSHOOT = 18


@dataclass(frozen=True)
class Choice:
    """A kernel for a layer.

    Attributes:
        kernel: "dense", "sparse", or "hybrid": sparse, but dense when too much is not zero.
        why: the reason, one short phrase.
        limit: list entries beyond which a hybrid runs dense.
    """

    kernel: str
    why: str
    limit: int = 0


def entries(values: Int8Array, base: int) -> npt.NDArray[np.int64]:
    """How many pairs of neighbours are not both `base`: int64 [N], from int8 [N, inputs]."""
    active = np.pad(values != base, ((0, 0), (0, values.shape[1] % 2)))
    found: npt.NDArray[np.int64] = (active[:, 0::2] | active[:, 1::2]).sum(1)
    return found


def choose(layer: IntegerLayer, values: Int8Array | None, wanted: str, *, first: bool) -> Choice:
    """Choose for one layer.

    Args:
        values: int8 [N, inputs], the layer's inputs for calibration, in its order; or None.
        wanted: "auto", or "dense" or "sparse" as the user asked.
        first: its inputs are the network's, so nothing bounds how many are not zero.
    """
    quads, pairs = (layer.inputs + 7) // 8 * 2, (layer.inputs + 1) // 2
    blocks = -(-layer.outputs // SPARSE_BLOCK)
    if layer.outputs > MAX_SPARSE_OUTPUTS:
        return Choice("dense", f"more than {MAX_SPARSE_OUTPUTS} outputs")
    if wanted == "dense":
        return Choice("dense", "asked for by kernels=dense")
    counts = None if values is None else entries(values, layer.base)
    mean = None if counts is None else float(counts.mean())
    why = "asked for by kernels=sparse"
    if mean is not None:
        why = f"{mean:.0f} of {pairs} input pairs are not zero"
    if wanted == "auto":
        if mean is None:
            return Choice("dense", "no calibration inputs")
        dense = QUAD_COST * quads * 2 * blocks
        if ENTRY_COST * mean * blocks > dense:
            return Choice("dense", why)
    # Beyond this many entries the dense way over the same weights is shorter; a gather that gives
    # up has cost a dozen instructions an entry, so do not go far beyond what was ever seen.
    limit = int(STRIDED_QUAD_COST * quads * 2 / ENTRY_COST) - 4
    if counts is not None:
        limit = min(limit, int(counts.max()) + OVERSHOOT)
    if first and limit < pairs - OVERSHOOT:
        return Choice("hybrid", f"{why}; dense beyond {limit}", limit)
    return Choice("sparse", why)
