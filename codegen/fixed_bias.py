"""Biases as fixed point in steps of an accumulator: integers, with a fraction where needed.

A quantizer that keeps biases in float writes numbers between two steps. Rounding them to whole
steps moves results by up to half of one, which is no tie: docs/numerics.md, "Float biases".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from codegen.ir.types import Int32Array, Int64Array

# Sums of products and biases below it are exact in float64, which the reference computes with.
MAX_REACH = 2**52
# float32 holds no more bits of a sum.
MAX_FRACTION = 24
# What the bits of the fraction may leave out, in steps of the output: float32's own rounding of a
# result of 127 steps is half as much. Where 32 bits leave out more, the sums have 64.
TOLERANCE = 2.0**-17
# The least float32 that is not subnormal is 2^-126: below it a multiplier loses bits.
_LEAST_EXPONENT = -126

Float64Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class FixedBias:
    """Biases of a layer.

    Attributes:
        values: int32 [outputs], or int64 where a bias and its products leave int32 together.
        fraction: how many of their bits are behind the point.
    """

    values: Int32Array | Int64Array
    fraction: int


def fixed_bias(real: Float64Array, products: Int64Array, multipliers: Float64Array) -> FixedBias:
    """Biases in steps of their accumulators → fixed point, with one place of the point for all.

    As many bits behind the point as leave every sum in int32. Where that is not enough, because
    one row's bias is large (nearly dead weights have a tiny scale), all sums have 64 bits.

    Args:
        real: [outputs], below `MAX_REACH` - 2^31.
        products: [outputs], what the sums of products can come to.
        multipliers: [outputs], output steps in one step of the accumulator.
    """
    whole = real == np.rint(real)
    if whole.all():
        return FixedBias(_narrowed(real, products, 0), 0)
    exponent = int(np.floor(np.log2(multipliers.min())))
    most = min(MAX_FRACTION, max(0, exponent - _LEAST_EXPONENT))
    bits = next((k for k in range(most + 1) if _exact(real, k)), most)
    narrow = _bits_left(real, products, bits, 2**31)
    left_out = float(multipliers[~whole].max()) * 2.0 ** -(narrow + 1)
    if narrow == bits or (narrow >= 0 and left_out <= TOLERANCE):
        return FixedBias(_narrowed(real, products, narrow), narrow)
    wide = max(0, _bits_left(real, products, bits, MAX_REACH))
    return FixedBias(np.rint(real * 2.0**wide).astype(np.int64), wide)


def _exact(real: Float64Array, bits: int) -> bool:
    scaled = real * 2.0**bits
    return bool((scaled == np.rint(scaled)).all())


def _bits_left(real: Float64Array, products: Int64Array, most: int, limit: int) -> int:
    """The most bits behind the point with which all sums stay below `limit`; -1: not even none."""
    for bits in range(most, -1, -1):
        reach = np.abs(np.rint(real * 2.0**bits)) + products.astype(np.float64) * 2.0**bits
        if float(reach.max()) < limit:
            return bits
    return -1


def _narrowed(real: Float64Array, products: Int64Array, bits: int) -> Int32Array | Int64Array:
    """The biases with `bits` behind the point, as int32 when every sum fits."""
    values: Int64Array = np.rint(real * 2.0**bits).astype(np.int64)
    reach = np.abs(values) + (products << bits)
    return values.astype(np.int32) if int(reach.max()) < 2**31 else values
