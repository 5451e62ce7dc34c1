"""Fold zero points away: count inputs from a base byte, and put the difference into the bias.

    Σ w (q - zero_point) + b  =  Σ w (q - base) + (b + Σ w (base - zero_point))

Exact in integers for any base.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from codegen.kernels.integer_layer import IntegerLayer
from codegen.ops.fully_connected import FullyConnected


def integer_layer(node: FullyConnected) -> IntegerLayer:
    """The node in integers, its inputs counted from its own zero point."""
    low, high = node.clamp
    return IntegerLayer(
        weights=node.weights.astype(np.int64),
        bias=node.bias.astype(np.int64),
        multipliers=node.multipliers,
        zero_point=node.output.quantization.zero_point,
        low=low,
        high=high,
        base=node.input.quantization.zero_point,
    )


def rebase(layer: IntegerLayer, base: int) -> IntegerLayer:
    """The same layer with its inputs counted from another byte."""
    moved = layer.weights.sum(axis=1) * (base - layer.base)
    return replace(layer, bias=layer.bias + moved, base=base)


def limit_inputs(layer: IntegerLayer, low: int, high: int) -> IntegerLayer:
    """The same layer, knowing that the layer before it writes only bytes from `low` to `high`."""
    return replace(layer, input_low=low, input_high=high)
