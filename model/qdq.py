"""Reading scales and zero points out of a QDQ model (ONNX QuantizeLinear, DequantizeLinear)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import numpy_helper

from support.errors import UserError

Int8Array = npt.NDArray[np.int8]
Float32Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class QuantizedActivation:
    """An activation tensor's quantization: real = scale * (q - zero_point).

    Attributes:
        tensor: name of the real-valued tensor that is quantized.
        scale: float32.
        zero_point: -128..127; that of a uint8 tensor is shifted by -128, as its values are.
    """

    tensor: str
    scale: np.float32
    zero_point: int

    def quantize(self, values: Float32Array) -> Int8Array:
        """Return int8 values: saturate(round_half_even(values / scale) + zero_point).

        For values that DequantizeLinear made with the same scale this gives back its very input.
        """
        steps = np.rint(values / self.scale) + self.zero_point
        quantized: Int8Array = np.clip(steps, -128, 127).astype(np.int8)
        return quantized


@dataclass(frozen=True)
class QuantizedWeights:
    """A weight matrix: `values` int8 [outputs, inputs], one of `scales` per output; no offset."""

    tensor: str
    values: Int8Array
    scales: Float32Array


def _constants(model: onnx.ModelProto) -> dict[str, npt.NDArray[Any]]:
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}


def activations(model: onnx.ModelProto) -> list[QuantizedActivation]:
    """Return the per-tensor quantizations of all QuantizeLinear nodes, in order of execution."""
    constants = _constants(model)
    found = []
    for node in model.graph.node:
        if node.op_type == "QuantizeLinear":
            scale, zero_point = constants[node.input[1]], constants[node.input[2]]
            shift = 128 if zero_point.dtype == np.uint8 else 0
            offset = int(zero_point.reshape(())) - shift
            found.append(QuantizedActivation(node.input[0], np.float32(scale.reshape(())), offset))
    return found


def weights(model: onnx.ModelProto) -> list[QuantizedWeights]:
    """Return all int8 matrices that a DequantizeLinear turns into weights, in order."""
    constants = _constants(model)
    return [
        QuantizedWeights(node.input[0], constants[node.input[0]], constants[node.input[1]])
        for node in model.graph.node
        if node.op_type == "DequantizeLinear"
        and node.input[0] in constants
        and constants[node.input[0]].dtype == np.int8
    ]


def input_and_output(model: onnx.ModelProto) -> tuple[QuantizedActivation, QuantizedActivation]:
    """Return the quantization of the network's input and of its output.

    Raises:
        UserError: the model is not QDQ from end to end.
    """
    last = model.graph.node[-1]
    quantized = activations(model)
    if last.op_type != "DequantizeLinear" or last.output[0] != model.graph.output[0].name:
        raise UserError(
            "the model's output is not quantized",
            "use the file that `python -m model quantize` wrote",
        )
    return quantized[0], quantized[-1]
