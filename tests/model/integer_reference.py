"""docs/numerics.md, "Fully connected", written out for the three layers."""

from __future__ import annotations

import numpy as np
import onnx

from model import qdq


def integer_reference(
    model: onnx.ModelProto, quantized: np.ndarray
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return, for each layer, its output bytes and the values before they are rounded.

    Args:
        model: what `python -m model quantize` wrote.
        quantized: int8 [N, 784].

    Returns:
        int8 [N, outputs] and, in steps of the output scale without the zero point, float32.
    """
    parameters = {t.name: onnx.numpy_helper.to_array(t) for t in model.graph.initializer}
    activations = qdq.activations(model)
    layers = []
    x = quantized.astype(np.int32)
    for layer, weights in enumerate(qdq.weights(model)):
        before, after = activations[layer], activations[layer + 1]
        accumulator = (x - before.zero_point) @ weights.values.T.astype(np.int32)
        accumulator += parameters[f"fc{layer + 1}.bias_quantized"]
        multiplier = (before.scale * weights.scales) / after.scale
        steps = accumulator.astype(np.float32) * multiplier
        x = np.clip(np.rint(steps).astype(np.int32) + after.zero_point, -128, 127)
        layers.append((x.astype(np.int8), steps))
    return layers
