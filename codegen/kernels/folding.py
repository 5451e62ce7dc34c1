"""Fold zero points away: count inputs from a base byte, and put the difference into the bias.

    Σ w (q - zero_point) + b  =  Σ w (q - base) + (b + Σ w (base - zero_point))

Exact in integers for any base.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from codegen.kernels.integer_layer import IntegerLayer
from codegen.weighted_sum import WeightedSum


def integer_layer(op: WeightedSum) -> IntegerLayer:
    """The operation in integers, a row for each output channel, inputs counted from their zero
    point."""
    low, high = op.clamp
    return IntegerLayer(
        weights=op.weights.astype(np.int64).reshape(op.rows, -1),
        bias=op.bias.astype(np.int64),
        multipliers=op.multipliers,
        zero_point=op.output.quantization.zero_point,
        low=low,
        high=high,
        base=op.input.quantization.zero_point,
    )


def unclamped(layer: IntegerLayer) -> IntegerLayer:
    """The same layer with all of int8 for its output: a narrower clamp comes afterwards."""
    return replace(layer, low=-128, high=127)


def rebase(layer: IntegerLayer, base: int) -> IntegerLayer:
    """The same layer with its inputs counted from another byte."""
    moved = layer.weights.sum(axis=1) * (base - layer.base)
    return replace(layer, bias=layer.bias + moved, base=base)


def limit_inputs(layer: IntegerLayer, low: int, high: int) -> IntegerLayer:
    """The same layer, knowing that the layer before it writes only bytes from `low` to `high`."""
    return replace(layer, input_low=low, input_high=high)
