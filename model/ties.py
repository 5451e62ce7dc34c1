"""Why a byte of onnxruntime's can differ from the integer reference's: ties.

Between DequantizeLinear and QuantizeLinear onnxruntime sums in float32, where the reference sums
integers exactly. The two can only round to different bytes when the value to be quantized lies
within float32's error of halfway between two steps. So where bytes differ, such a value must be
found somewhere in the network; from there the difference may spread to later layers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx

from model import inference, qdq


@dataclass(frozen=True)
class Tie:
    """The value of one image that lies nearest to halfway between two steps.

    Attributes:
        image: index of the image.
        tensor: name of the tensor that is quantized.
        element: index in it, flattened.
        steps: the value divided by the tensor's scale.
        distance: of `steps` from the nearest half.
    """

    image: int
    tensor: str
    element: int
    steps: float
    distance: float


def nearest_tie(int8_model: onnx.ModelProto, image: int, normalized: inference.Float32Array) -> Tie:
    """Return the tie of one image, among all activations but the input.

    Args:
        int8_model: a QDQ model.
        image: index, for the record.
        normalized: the image as the network reads it, float32 [1, 28, 28].
    """
    computed = qdq.activations(int8_model)[1:]
    values = inference.run_tensors(int8_model, normalized, [a.tensor for a in computed])
    ties = []
    for activation, tensor in zip(computed, values, strict=True):
        steps = tensor.reshape(-1).astype(np.float64) / float(activation.scale)
        # What saturates is no tie: both sides give the same byte.
        open_ended = np.abs(steps + activation.zero_point + 0.5) > 128
        distances = np.where(open_ended, np.inf, np.abs(steps - np.floor(steps) - 0.5))
        nearest = int(np.argmin(distances))
        ties.append(
            Tie(image, activation.tensor, nearest, float(steps[nearest]), float(distances[nearest]))
        )
    return min(ties, key=lambda tie: tie.distance)
