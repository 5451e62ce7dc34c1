"""What the generator tells of a network that is cut open at each quantized tensor.

The generator knows the reference's bytes and what a layer is, `model` runs interpreters on it; both
read and write this record. Its arrays lie beside it, by name.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Tensor:
    """A tensor of which the reference's elements are known: array `tensor_<its index>`.

    Attributes:
        dtype: of the array, int8 where the tensor is quantized.
        scale, zero_point: of int8; 0 otherwise.
        number: in a .tflite file; -1 in others.
    """

    name: str
    dtype: str
    scale: float = 0.0
    zero_point: int = 0
    number: int = -1


@dataclass(frozen=True)
class Layer:
    """What is computed up to one quantized tensor of the model, or to an output.

    Attributes:
        tensor: index of the tensor that it gives.
        operator: the operator that computes what is quantized.
        real: the float tensor of the exact model before its QuantizeLinear; "" where the bytes
            themselves are the definition.
        margin: steps of the output by which the interpreter's own fixed point can be off.
    """

    tensor: int
    operator: str
    real: str
    margin: float = 0.0


@dataclass(frozen=True)
class LayerCut:
    """The record. Array `exact` is an ONNX file in which every layer reads inputs of its own,
    `oracle` one that onnxruntime runs, empty of a .tflite file.

    Attributes:
        origin: the network's file.
        feeds: input of both files → index of the tensor that it takes.
    """

    origin: str
    tensors: tuple[Tensor, ...]
    layers: tuple[Layer, ...]
    feeds: dict[str, int]

    def to_json(self) -> dict[str, Any]:
        """The record as JSON has it."""
        return asdict(self)

    @staticmethod
    def from_json(found: dict[str, Any]) -> LayerCut:
        """The opposite of `to_json`."""
        return LayerCut(
            found["origin"],
            tuple(Tensor(**each) for each in found["tensors"]),
            tuple(Layer(**each) for each in found["layers"]),
            found["feeds"],
        )
