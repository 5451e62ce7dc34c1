"""Two outputs in one 16-bit lane: 256 * B + A, exact after one multiply-accumulate for both.

A word holds the weights of outputs A, B for inputs 0, 1 as bytes [A0 B0 A1 B1], so that SMLAD on
the raw word gives 256 * H + L, and SMLAD on the word's sign-extended even bytes gives L:

    lane = 256 * B + A          stored as the bytes A mod 256 and B - (A < 0)
    T = Σ lane * x = 256 * H + L    (mod 2^32)
    L = Σ A * x                     (mod 2^32)
    H = Σ B * x = (T - L) / 256     exact while H is a signed 24-bit number

Preconditions, checked here for every pair: each lane fits int16 (only B = -128 beside a negative A
does not), and B's accumulator stays within 24 bits for every possible input.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from codegen.ir.types import Int64Array
from codegen.kernels.integer_layer import IntegerLayer

HIGH_BITS = 24

BoolArray = npt.NDArray[np.bool_]


def high_rows(layer: IntegerLayer) -> BoolArray:
    """Which outputs can stand in the high byte: their accumulator fits 24 bits. bool [outputs]."""
    smallest, largest = layer.reach()
    limit = 1 << (HIGH_BITS - 1)
    fits: BoolArray = (smallest >= -limit) & (largest < limit)
    return fits


def exact_pairs(layer: IntegerLayer) -> BoolArray:
    """Which ordered pairs are exact: bool [outputs, outputs], [a, b] with a low and b high."""
    lowest = (layer.weights == -128).astype(np.float32)
    negative = (layer.weights < 0).astype(np.float32)
    # clashes[a, b]: inputs where b has -128 and a is negative.
    clashes = negative @ lowest.T
    exact: BoolArray = (clashes == 0) & high_rows(layer)[np.newaxis, :]
    return exact


def is_exact(layer: IntegerLayer, low: Int64Array, high: Int64Array) -> bool:
    """Whether all pairs (low[k], high[k]) are exact; -1 stands for no output at all."""
    fits = high_rows(layer)
    for a, b in zip(low, high, strict=True):
        if b < 0:
            continue
        row = layer.weights[a] if a >= 0 else np.zeros(layer.inputs, np.int64)
        if not fits[b] or np.any((layer.weights[b] == -128) & (row < 0)):
            return False
    return True


def words(layer: IntegerLayer) -> npt.NDArray[np.uint32]:
    """The layer's weights as words: uint32 [pairs of inputs, pairs of outputs].

    Outputs 2j, 2j+1 are A, B of pair j; an odd last input or output is padded with zeros.
    """
    padded = padded_weights(layer)
    lanes = (256 * padded[1::2] + padded[0::2]).astype(np.int64)
    first, second = lanes[:, 0::2].T & 0xFFFF, lanes[:, 1::2].T & 0xFFFF
    packed: npt.NDArray[np.uint32] = (first | (second << 16)).astype(np.uint32)
    return packed


def padded_weights(layer: IntegerLayer) -> Int64Array:
    """int64 weights with zero rows and columns up to even counts."""
    return np.pad(layer.weights, ((0, layer.outputs % 2), (0, layer.inputs % 2)))


def initial_sums(layer: IntegerLayer) -> npt.NDArray[np.uint32]:
    """What T and L start from: uint32 [pairs, 2], 256 * bias[B] + bias[A] and bias[A]."""
    bias = np.pad(layer.bias, (0, layer.outputs % 2))
    low, high = bias[0::2], bias[1::2]
    sums = np.stack([256 * high + low, low], axis=1) & 0xFFFFFFFF
    packed: npt.NDArray[np.uint32] = sums.astype(np.uint32)
    return packed
