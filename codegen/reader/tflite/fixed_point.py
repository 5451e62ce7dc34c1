"""What LiteRT computes in fixed point, as tables of 256 bytes: a byte has few values.

Source: TensorFlow Lite's kernels of RELU and HARD_SWISH, and gemmlowp's fixed-point arithmetic,
whose names are in the docstrings.
"""

from __future__ import annotations

from math import frexp

import numpy as np
import numpy.typing as npt

Int64Array = npt.NDArray[np.int64]


def _high_mul(a: Int64Array, b: int | Int64Array, bits: int, *, nudge: bool = True) -> Int64Array:
    """SaturatingRoundingDoublingHighMul of integers of `bits` bits: 2ab / 2^bits, saturated, to the
    nearest; without `nudge` towards zero."""
    products = a * b
    one = 1 << (bits - 1)
    if nudge:
        products = products + np.where(products >= 0, one >> 1, 1 - (one >> 1))
    quotient = np.abs(products) // one
    found: Int64Array = np.clip(np.where(products < 0, -quotient, quotient), -one, one - 1)
    return found


def _divide(values: Int64Array, exponent: int) -> Int64Array:
    """RoundingDivideByPOT: by 2^exponent, halves away from zero."""
    half = (1 << exponent) >> 1
    quotient = (np.abs(values) + half) >> exponent
    return np.where(values < 0, -quotient, quotient)


def _multiplier(real: float) -> tuple[int, int]:
    """QuantizeMultiplier: (m, e) with real = m / 2^31 · 2^e, m of 31 bits."""
    mantissa, exponent = frexp(real)
    fixed = round(mantissa * (1 << 31))
    if fixed == 1 << 31:
        return 1 << 30, exponent + 1
    return (fixed, exponent) if exponent >= -31 else (0, 0)


def rescaled(shifted: Int64Array, real: float) -> Int64Array:
    """Integers times `real`, rounded to integers in two steps: MultiplyByQuantizedMultiplier."""
    fixed, exponent = _multiplier(real)
    product = _high_mul(shifted << max(exponent, 0), fixed, 32)
    return _divide(product, max(-exponent, 0))


def hard_swish(shifted: Int64Array, input_scale: float, output_scale: float) -> Int64Array:
    """x · min(max(x + 3, 0), 6) / 6 in steps of the output, with 16 bits between."""
    fine = shifted << 7
    step = input_scale / 128
    factors = []
    for real in (step / output_scale, step / (3 / 32768)):
        fixed, exponent = _multiplier(real)
        factors.append((min((fixed + (1 << 15)) >> 16, (1 << 15) - 1), exponent))
    (scale, scale_exponent), (bend, bend_exponent) = factors
    before = _high_mul(fine, scale, 16)
    gate = fine
    if bend_exponent > 0:
        gate = np.clip(gate << (bend_exponent - 1), -(1 << 15), (1 << 15) - 1)
    gate = _high_mul(gate, bend, 16)
    if bend_exponent > 0:
        gate = np.clip(gate << 1, -(1 << 15), (1 << 15) - 1)
    else:
        gate = _divide(gate, -bend_exponent)
    gate = (gate + (1 << 15)) >> 1
    products = _high_mul(gate, before, 16, nudge=False)
    return _divide(products, max(-scale_exponent, 0)) << max(scale_exponent, 0)
