"""Instructions of a packed layer, as an emulator counts them: estimates for people.

Which kernel a layer gets is decided by cycles (`choose.py`). Constants of the dense kernels are
fitted to 26 layers that were counted, those of the sparse one counted in its template.
"""

from __future__ import annotations

from codegen.kernels.fully_connected.chain import dense_quads, direct_loop, quad_split
from codegen.kernels.fully_connected.chain.choose import Choice
from codegen.kernels.fully_connected.chain.layout import MAX_COPIES, STEP
from codegen.kernels.integer_layer import IntegerLayer

# A pair of inputs times eight outputs, or the last four; a block of either.
UNIT, LAST_UNIT, BLOCK, LAST_BLOCK = 15.5, 11.0, 78.0, 100.0
# Four inputs times four outputs of the byte split; a block of four outputs; an input byte.
QUAD, QUAD_BLOCK, BYTE = 11.6, 38.0, 1.2
# A list entry and a block of eight outputs; an input byte that is scanned, an entry of the list; a
# pair of inputs from another layer; an entry whose address moves on.
ENTRY, SPARSE_BLOCK, SCAN, APPEND, PAIR, MOVE = 16.5, 80.0, 1.0, 11.0, 9.0, 3.75


def instructions(layer: IntegerLayer, choice: Choice, *, first: bool) -> float:
    """Estimated instructions of a layer, for a list as long as is to be expected.

    Args:
        first: its inputs are bytes that come from outside.
    """
    if choice.kernel == "sparse":
        return _sparse(layer, choice.entries, first=first)
    if choice.kernel == "direct":
        return direct_loop.instructions(layer)
    return _quads(layer) if choice.split == "quads" else _bytes(layer)


def _quads(layer: IntegerLayer) -> float:
    units, last = -(-layer.inputs // STEP) * STEP / 2, dense_quads.tail_quads(layer.outputs)
    blocks = layer.outputs // 8 + (last == 2)
    rest = LAST_UNIT * units + LAST_BLOCK if last == 1 else 0.0
    return blocks * (UNIT * units + BLOCK) + rest


def _bytes(layer: IntegerLayer) -> float:
    quads, blocks = -(-layer.inputs // STEP) * STEP / 4, -(-layer.outputs // 4)
    return BYTE * layer.inputs + blocks * (QUAD * quads + QUAD_BLOCK)


def _sparse(layer: IntegerLayer, entries: float, *, first: bool) -> float:
    blocks, pairs = quad_split.blocks(layer), (layer.inputs + 1) // 2
    gathered = SCAN * layer.inputs + APPEND * entries if first else PAIR * pairs
    moved = (blocks - 1) // MAX_COPIES * MOVE * entries
    return gathered + moved + blocks * (ENTRY * entries + SPARSE_BLOCK)
