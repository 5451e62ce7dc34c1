"""A layer's constants and weights in the order in which its kernel reads them.

Two outputs share a halfword (`byte_split.py`), so a word holds two inputs for a pair of outputs.

Sparse layers have blocks of eight outputs, four from three sums (`quad_split.py`), the last quad
with zeros for what is missing. The words of a pair of inputs lie side by side for all blocks, so
that a list entry finds them. Dense layers are one stream (`dense_quads.py`), or by pairs: for each
block of four outputs the sums to start from, the words, the requantization constants.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from codegen.ir.types import Int64Array
from codegen.kernels.fully_connected.chain import byte_split, quad_split
from codegen.kernels.fully_connected.chain.requantize import IntegerConstants
from codegen.kernels.integer_layer import IntegerLayer

Words = npt.NDArray[np.uint32]

# Pairs of outputs of one pass of the dense loop by pairs over the inputs.
DENSE_BLOCK = 2
# Copies of the sparse loop, one for each block: loads of two bytes reach no more.
MAX_COPIES = 8
# Inputs of one turn of the dense loop; of the one that reads bytes, a word.
STEP, DIRECT_STEP = 8, 4
# Unrolled code may take this part of the weights that it reads.
CODE_PART = 8
# The Cortex-M7's tightly coupled data memory has 64 bits: words that are read together start there.
ALIGNMENT = 8


def _requantization(layer: IntegerLayer, integers: IntegerConstants | None) -> Words:
    """uint32 [pairs of outputs, 3]: M(A), M(B), c(A); or [pairs, 2]: float32 multipliers.

    B's accumulator comes scaled by 256, so its float32 multiplier is divided by 256: exact, because
    that is a power of two.
    """
    odd = layer.outputs % 2
    if integers is not None:
        multipliers = np.pad(integers.multipliers, (0, odd))
        addends = np.pad(integers.addends, (0, odd))
        columns = [multipliers[0::2], multipliers[1::2], addends[0::2]]
        return (np.stack(columns, axis=1) & 0xFFFFFFFF).astype(np.uint32)
    floats = np.pad(layer.multipliers, (0, odd)).astype(np.float32)
    floats[1::2] *= np.float32(1.0 / 256.0)
    return floats.view(np.uint32).reshape(-1, 2)


def _sums(layer: IntegerLayer, integers: IntegerConstants | None) -> Words:
    """uint32 [pairs of outputs, 2]: what T and L start from, B's addend included in T."""
    start = byte_split.initial_sums(layer)
    if integers is not None:
        addends = np.pad(integers.addends, (0, layer.outputs % 2))[1::2]
        start[:, 0] += (addends & 0xFFFFFFFF).astype(np.uint32)
    return start


def quad_requantization(layer: IntegerLayer, integers: IntegerConstants | None) -> Words:
    """uint32 [quads, 8]: by pair c, c, M, M; or [quads, 4]: float32 multipliers.

    `layer` has whole blocks; what `integers` lack of them become zeros.

    All but the first accumulator of a quad come scaled by 256, so their float32 multipliers are
    divided by 256: exact, because that is a power of two.
    """
    covered = quad_split.whole_blocks(layer)
    if integers is not None:
        missing = (0, covered - len(integers.addends))
        columns = (np.pad(each, missing) for each in (integers.addends, integers.multipliers))
        by_pair = np.stack([column.reshape(-1, 2) for column in columns], axis=1)
        return (by_pair & 0xFFFFFFFF).astype(np.uint32).reshape(-1, 8)
    floats = layer.multipliers[:covered].reshape(-1, quad_split.QUAD).astype(np.float32)
    floats[:, 1:] *= np.float32(1.0 / 256.0)
    return floats.view(np.uint32)


def sparse_constants(layer: IntegerLayer, integers: IntegerConstants | None) -> bytes:
    """For each block of eight outputs: sums to start from, requantization, without that of a last
    quad that is missing: what the kernel reads there, it throws away."""
    whole = quad_split.filled(layer)
    start, scale = quad_split.initial_sums(whole), quad_requantization(whole, integers)
    quads = quad_split.quads(layer)
    parts = []
    for first in range(0, len(start), 2):
        block = slice(first, first + 2)
        parts += [start[block].tobytes(), scale[first : min(first + 2, quads)].tobytes()]
    return aligned(b"".join(parts))


def sparse_rows(layer: IntegerLayer) -> bytes:
    """Words by pair of inputs, then by quad of outputs; the kernel reads past the last one if their
    number is odd."""
    quads = quad_split.quads(layer)
    rows = quad_split.words(quad_split.filled(layer))[:, : 2 * quads]
    return aligned(rows.tobytes() + bytes(ALIGNMENT * (quads % 2)))


def _corrections(layer: IntegerLayer) -> Int64Array:
    """int64 [pairs of outputs]: what the dense loop's inner product adds to L, negated.

    (X1 + A0) . (X0 + A1) = A0 . X0 + A1 . X1 + X0 . X1 + A0 . A1; S. Winograd, "A new algorithm for
    inner product", IEEE Transactions on Computers C-17 (1968).
    """
    low = byte_split.padded_weights(layer)[0::2]
    low = np.pad(low, ((0, 0), (0, -low.shape[1] % 4)))
    added: Int64Array = (low[:, 0::4] * low[:, 2::4] + low[:, 1::4] * low[:, 3::4]).sum(axis=1)
    return -added


def dense_stream(layer: IntegerLayer, integers: IntegerConstants | None) -> bytes:
    """The whole layer in the order in which the dense kernel reads it."""
    start, scale = _sums(layer, integers), _requantization(layer, integers)
    start[:, 1] += (_corrections(layer) & 0xFFFFFFFF).astype(np.uint32)
    rows = byte_split.words(layer)
    rows = np.pad(rows, ((0, -len(rows) % (STEP // 2)), (0, 0)))
    parts = []
    for first in range(0, len(start), DENSE_BLOCK):
        block = slice(first, first + DENSE_BLOCK)
        # [quads of inputs, pair in the quad, pair of outputs] to [quads, outputs, pair in it].
        quads = rows[:, block].reshape(len(rows) // 2, 2, -1).transpose(0, 2, 1)
        parts += [start[block].tobytes(), quads.tobytes(), scale[block].tobytes()]
    return aligned(b"".join(parts))


def aligned(data: bytes) -> bytes:
    """What follows in the weights array starts at a multiple of ALIGNMENT if this does."""
    return data + bytes(-len(data) % ALIGNMENT)


def alternate(layer: IntegerLayer) -> IntegerLayer:
    """The layer reading each four inputs in the order 0, 2, 1, 3, padded to whole fours.

    UXTB16 and its kin take every other byte of a word: pairs then cost one instruction each.
    """
    weights: Int64Array = np.pad(layer.weights, ((0, 0), (0, -layer.inputs % 4)))
    order = np.arange(weights.shape[1]).reshape(-1, 2, 2).transpose(0, 2, 1).reshape(-1)
    return replace(layer, weights=weights[:, order])
