"""Filters that a kernel takes several of at a time: whose layers it has, and in which order."""

from __future__ import annotations

import numpy as np

from codegen.ir.types import Int64Array
from codegen.ops.conv import Conv

MOST_FILTERS = 1 << 16
"""From here on filters have no place: a byte's is told in 16 bits."""


def layer_refusal(op: Conv) -> str:
    """Why a layer is not for kernels of split sums; empty when it is.

    They take one group of symmetric filters, and accumulators of int32.
    """
    if op.groups > 1:
        return "groups"
    if op.asymmetric:
        return "its weights have zero points"
    return "" if op.plain else "biases beyond int32, or float32 out"


def filled(filters: Int64Array, together: int) -> Int64Array:
    """Filters up to whole groups of so many, the last one once more; none stay none."""
    return np.pad(filters, (0, -len(filters) % together), mode="edge") if len(filters) else filters
