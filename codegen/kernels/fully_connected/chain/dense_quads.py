"""A dense layer's constants and weights where four outputs are exact in three sums, as one stream.

For each block of eight outputs: what U, V, W of its two quads start from, the words of each pair of
inputs for both quads side by side, the requantization. One to four outputs that are left are a
quad by itself, five to seven another block; what is missing in it are zeros.
"""

from __future__ import annotations

import numpy as np

from codegen.kernels.fully_connected.chain import quad_split
from codegen.kernels.fully_connected.chain.layout import STEP, aligned, quad_requantization
from codegen.kernels.fully_connected.chain.quad_split import BLOCK, QUAD
from codegen.kernels.fully_connected.chain.requantize import IntegerConstants
from codegen.kernels.integer_layer import IntegerLayer


def tail_quads(outputs: int) -> int:
    """Quads of the outputs that whole blocks leave: 0 to 2."""
    return -(-(outputs % BLOCK) // QUAD)


def is_exact(layer: IntegerLayer) -> bool:
    """Whether every quad, the last ones with zeros for what is missing, is exact for any input."""
    return quad_split.is_exact(quad_split.filled(layer))


def stream(layer: IntegerLayer, integers: IntegerConstants | None, step: int = STEP) -> bytes:
    """The whole layer in the order in which the kernel reads it.

    Args:
        step: inputs of a turn, to whole ones of which inputs are filled up.
    """
    whole = quad_split.filled(layer)
    start, scale = quad_split.initial_sums(whole), quad_requantization(whole, integers)
    words = quad_split.words(whole)
    words = np.pad(words, ((0, -len(words) % (step // 2)), (0, 0)))
    quads = layer.outputs // BLOCK * 2 + tail_quads(layer.outputs)
    parts = []
    for first in range(0, quads, 2):
        block = slice(first, min(first + 2, quads))
        columns = words[:, 2 * block.start : 2 * block.stop]
        parts += [start[block].tobytes(), columns.tobytes(), scale[block].tobytes()]
    return aligned(b"".join(parts))
