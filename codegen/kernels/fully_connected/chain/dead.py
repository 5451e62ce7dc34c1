"""Remove neurons that are constant: whatever the input, they write one and the same byte.

The proof is an interval: requantization is monotone, so a neuron whose smallest and largest
reachable accumulators give the same byte never writes another one. What it adds to the next
layer is a constant of the next layer's bias.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from codegen.ir.types import Int8Array
from codegen.kernels.integer_layer import IntegerLayer


def constant_outputs(layer: IntegerLayer) -> tuple[npt.NDArray[np.bool_], Int8Array]:
    """Which outputs are constant: bool [outputs], and the byte at the smallest accumulator."""
    smallest, largest = layer.reach()
    at_smallest = layer.requantize(smallest)
    return at_smallest == layer.requantize(largest), at_smallest


def remove_dead(
    layer: IntegerLayer, following: IntegerLayer
) -> tuple[IntegerLayer, IntegerLayer, npt.NDArray[np.int64]]:
    """Drop the constant outputs of `layer` and the inputs of `following` that read them.

    At least one output stays, so that the layer remains a layer.

    Returns:
        both layers, and the indices of the outputs that stay: int64 [kept].
    """
    dead, value = constant_outputs(layer)
    if dead.all():
        dead = dead.copy()
        dead[0] = False
    if not dead.any():
        return layer, following, np.arange(layer.outputs)
    kept = np.flatnonzero(~dead)
    constant = value[dead].astype(np.int64) - following.base
    shorter = replace(
        layer,
        weights=layer.weights[kept],
        bias=layer.bias[kept],
        multipliers=layer.multipliers[kept],
    )
    reading = replace(
        following,
        weights=following.weights[:, kept],
        bias=following.bias + following.weights[:, dead] @ constant,
    )
    return shorter, reading, kept
