"""Thresholds: the accumulators at which the reference's output byte grows.

Requantization never falls when the accumulator grows, so that whatever else never falls and agrees
at these points and one below each of them agrees everywhere.
"""

from __future__ import annotations

import numpy as np

from codegen.ir.types import Int64Array
from codegen.kernels.integer_layer import IntegerLayer


def thresholds(layer: IntegerLayer) -> tuple[Int64Array, Int64Array]:
    """The smallest reachable accumulator that gives each output byte or more.

    Returns:
        bytes low+1 .. high: int64 [levels], and accumulators: int64 [outputs, levels]. The smallest
        reachable accumulator stands where the byte is reached always, the largest + 1 where never.
    """
    smallest, largest = (end[:, np.newaxis] for end in layer.reach())
    levels = np.arange(layer.low + 1, layer.high + 1, dtype=np.int64)
    multipliers = layer.multipliers[:, np.newaxis]
    exact = (levels - layer.zero_point - 0.5) / multipliers.astype(np.float64)
    # Two roundings to 24 bits move a threshold by less than 2^-22 of it.
    slack = 2 + np.abs(exact) * 2.0**-22
    first = np.clip(np.floor(exact - slack), smallest, largest + 1).astype(np.int64)
    last = np.clip(np.ceil(exact + slack), smallest, largest + 1).astype(np.int64)
    least = (levels - layer.zero_point).astype(np.float32)
    while (first < last).any():
        middle = (first + last) >> 1
        reached = np.rint(middle.astype(np.float32) * multipliers) >= least
        last = np.where(reached, middle, last)
        first = np.where(reached, first, np.minimum(middle + 1, last))
    return levels, first
