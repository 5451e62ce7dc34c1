"""Requantization in the FPU of a multiple of a layer's accumulators, as kernels have it of a sum.

A kernel that ends with 2^k times a sum adds 2^k times the bias, and multiplies by 1 / 2^k of the
multiplier: a power of two rounds nothing while nothing is subnormal. What the FPU rounds is far
from the ends of int32: the zero point is added as it is, and SSAT alone ends at those of int8.
"""

from __future__ import annotations

import numpy as np

from codegen.ir.types import Int64Array
from codegen.kernels.folding import integer_layer
from codegen.ops.conv import Conv

# No product of a multiplier from here on with an integer is subnormal.
_LEAST_MULTIPLIER = 2.0**-100
_INT32 = 1 << 31


def refusal(op: Conv, filters: Int64Array, scale: int) -> str:
    """Why it is not exact for every input; empty when it is.

    Args:
        filters: those that take the FPU.
        scale: the multiple, a power of two.
    """
    if not len(filters):
        return ""
    smallest, largest = integer_layer(op).reach()
    if scale * largest[filters].max() >= _INT32 or scale * smallest[filters].min() < -_INT32:
        return f"{scale} times an accumulator is beyond int32"
    # Accumulators stay below 2^31 / scale, so that products stay below 2^30.
    multipliers = op.multipliers[filters]
    if multipliers.min() < _LEAST_MULTIPLIER or multipliers.max() >= scale / 2:
        return "multipliers too far from 1"
    return ""


def constants(op: Conv, bias: Int64Array, scale: int) -> Int64Array:
    """int64 [2, filters]: the bits of each multiplier / scale as float32; scale * bias.

    Args:
        bias: what sums lack of accumulators.
    """
    multipliers = (op.multipliers / np.float32(scale)).astype("<f4").view(np.uint32)
    return np.stack([multipliers.astype(np.int64), scale * bias])
