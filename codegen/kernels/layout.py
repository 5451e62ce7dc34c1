"""A layer's constants and weights in the order in which its kernel reads them.

Two outputs share a halfword (`byte_split.py`), so a word holds two inputs for a pair of outputs.

Sparse layers keep a row of words for each pair of inputs, so that a list entry finds its row.
Dense layers are one stream: for each block of four outputs the sums to start from, the words, the
requantization constants. A sparse layer that a dense loop bounds adds one correction to each pair
of outputs.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from codegen.kernels import byte_split
from codegen.kernels.integer_layer import Int64Array, IntegerLayer
from codegen.kernels.requantize import IntegerConstants

Words = npt.NDArray[np.uint32]

# Pairs of outputs of one pass over the inputs.
SPARSE_BLOCK, DENSE_BLOCK = 4, 2
# Inputs of one turn of the dense loop.
STEP = 8
# The sparse kernel loads the sums of a next block, whether there is one or not.
_READ_AHEAD = 32


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


def _whole_steps(rows: Words) -> Words:
    """Rows of zeros appended up to a multiple of eight inputs."""
    return np.pad(rows, ((0, -len(rows) % (STEP // 2)), (0, 0)))


def sparse_constants(layer: IntegerLayer, integers: IntegerConstants | None) -> bytes:
    """For each block of up to eight outputs: the sums to start from, then requantization."""
    start, scale = _sums(layer, integers), _requantization(layer, integers)
    parts = []
    for first in range(0, len(start), SPARSE_BLOCK):
        block = slice(first, first + SPARSE_BLOCK)
        parts += [start[block].tobytes(), scale[block].tobytes()]
    return b"".join(parts)


def sparse_rows(layer: IntegerLayer, *, bounded: bool) -> bytes:
    """Words by pair of inputs, then by pair of outputs.

    Args:
        bounded: a dense loop reads them too, eight inputs at a time.
    """
    rows = byte_split.words(layer)
    data = (_whole_steps(rows) if bounded else rows).tobytes()
    return data + bytes(max(0, _READ_AHEAD - len(data)))


def corrections(layer: IntegerLayer) -> Words:
    """uint32 [pairs of outputs]: what the dense loop's inner product adds to L, negated.

    (X1 + A0) . (X0 + A1) = A0 . X0 + A1 . X1 + X0 . X1 + A0 . A1; S. Winograd, "A new algorithm for
    inner product", IEEE Transactions on Computers C-17 (1968).
    """
    low = byte_split.padded_weights(layer)[0::2]
    low = np.pad(low, ((0, 0), (0, -low.shape[1] % 4)))
    products = low[:, 0::4] * low[:, 2::4] + low[:, 1::4] * low[:, 3::4]
    added: Int64Array = products.sum(axis=1)
    return (-added & 0xFFFFFFFF).astype(np.uint32)


def dense_stream(layer: IntegerLayer, integers: IntegerConstants | None) -> bytes:
    """The whole layer in the order in which the dense kernel reads it."""
    start, scale = _sums(layer, integers), _requantization(layer, integers)
    start[:, 1] += corrections(layer)
    rows = _whole_steps(byte_split.words(layer))
    parts = []
    for first in range(0, len(start), DENSE_BLOCK):
        block = slice(first, first + DENSE_BLOCK)
        # [quads of inputs, pair in the quad, pair of outputs] to [quads, outputs, pair in it].
        quads = rows[:, block].reshape(len(rows) // 2, 2, -1).transpose(0, 2, 1)
        parts += [start[block].tobytes(), quads.tobytes(), scale[block].tobytes()]
    return b"".join(parts)


def alternate(layer: IntegerLayer) -> IntegerLayer:
    """The layer reading each four inputs in the order 0, 2, 1, 3, padded to whole fours.

    UXTB16 and its kin take every other byte of a word: pairs then cost one instruction each.
    """
    weights: Int64Array = np.pad(layer.weights, ((0, 0), (0, -layer.inputs % 4)))
    order = np.arange(weights.shape[1]).reshape(-1, 2, 2).transpose(0, 2, 1).reshape(-1)
    return replace(layer, weights=weights[:, order])
