"""Put the neurons of a hidden layer into another order: exact, because sums do not care."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from codegen.kernels.integer_layer import IntegerLayer

Order = npt.NDArray[np.int64]


def order_outputs(layer: IntegerLayer, order: Order) -> IntegerLayer:
    """The layer writing output `order[k]` at place k."""
    return replace(
        layer,
        weights=layer.weights[order],
        bias=layer.bias[order],
        multipliers=layer.multipliers[order],
    )


def order_inputs(layer: IntegerLayer, order: Order) -> IntegerLayer:
    """The layer reading at place k what was its input `order[k]`."""
    return replace(layer, weights=layer.weights[:, order])
