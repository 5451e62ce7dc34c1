"""Four outputs from three sums: a word for two of them, and a third sum that ties the two words.

Outputs A, B, C, D of two words, each word with two inputs (`byte_split.py`):

    first word's lanes   (A + 128) + 256 * B    the low byte has no sign, so the high byte is B
    second word's lanes  C + 256 * D            the low byte signed, the high one less its borrow

Two instructions make lanes B + 256 * C of them: the second word's low bytes moved up, and the first
one's high bytes, sign-extended, added. Three sums, modulo 2^32, with S = Σ x:

    U = A + 256 * B + 128 * S        V = C + 256 * D        W = B + 256 * C

Each sum carries 8 bits of its low output beyond doubt, and W lends them to its neighbours:

    W - 256 * V         = B - 2^16 * D
    (U - 128 * S) - 256 * (that)  = A + 2^24 * D        its low 24 bits are A; the rest follows:
    256 * B = (U - 128 * S) - A,  256 * C = W - B,  256 * D = V - C

Exact while all four accumulators are signed 24-bit numbers and both kinds of lanes fit 16 bits.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from codegen.kernels.fully_connected.chain import byte_split
from codegen.kernels.integer_layer import IntegerLayer

# Outputs of a quad, and of the two quads that a block of the sparse kernel computes.
QUAD, BLOCK = 4, 8
# What is added to A's weights so that they are bytes without a sign.
OFFSET = 128

Words = npt.NDArray[np.uint32]


def blocks(layer: IntegerLayer) -> int:
    """Blocks of eight outputs, the last one maybe not whole."""
    return -(-layer.outputs // BLOCK)


def quads(layer: IntegerLayer) -> int:
    """Quads of outputs, the last one maybe with zeros for what is missing."""
    return -(-layer.outputs // QUAD)


def filled(layer: IntegerLayer) -> IntegerLayer:
    """The layer with outputs of zeros up to whole blocks."""
    missing = -layer.outputs % BLOCK
    return replace(
        layer,
        weights=np.pad(layer.weights, ((0, missing), (0, 0))),
        bias=np.pad(layer.bias, (0, missing)),
        multipliers=np.pad(layer.multipliers, (0, missing)),
    )


def whole_blocks(layer: IntegerLayer) -> int:
    """Outputs that blocks of eight cover; what is left stays pairs."""
    return layer.outputs // BLOCK * BLOCK


def is_exact(layer: IntegerLayer) -> bool:
    """Whether every quad of the whole blocks is exact for every possible input."""
    covered = whole_blocks(layer)
    second, third = np.arange(1, covered, QUAD), np.arange(2, covered, QUAD)
    pairs = np.arange(covered).reshape(-1, 2)
    return (
        bool(byte_split.high_rows(layer)[:covered].all())
        and byte_split.is_exact(layer, pairs[1::2, 0], pairs[1::2, 1])
        and byte_split.is_exact(layer, second, third)
    )


def words(layer: IntegerLayer) -> Words:
    """uint32 [pairs of inputs, pairs of outputs]: `byte_split.words` with first words offset."""
    packed = byte_split.words(layer).reshape(-1, (layer.outputs + 1) // 2)
    first = packed[:, 0 : whole_blocks(layer) // 2 : 2]
    low, high = (first & 0xFFFF) + OFFSET, (first >> 16) + OFFSET
    packed[:, 0 : whole_blocks(layer) // 2 : 2] = (low & 0xFFFF) | ((high & 0xFFFF) << 16)
    return packed


def initial_sums(layer: IntegerLayer) -> Words:
    """What U, V, W of each quad start from, without S: uint32 [quads, 3]."""
    a, b, c, d = layer.bias[: whole_blocks(layer)].reshape(-1, QUAD).T
    sums = np.stack([a + 256 * b, c + 256 * d, b + 256 * c], axis=1) & 0xFFFFFFFF
    packed: Words = sums.astype(np.uint32)
    return packed
