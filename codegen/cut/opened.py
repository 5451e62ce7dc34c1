"""A network cut open: the record of its layers, and their bytes by the reference."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx

from codegen.ir.graph import Value
from codegen.ir.types import Array, DType, Int8Array
from support.layer_cut import LayerCut, Tensor
from support.network_file import is_tflite

FORCED = "__forced"
"""Behind the name of a tensor: the input that stands for it."""


@dataclass(frozen=True)
class Opened:
    """What an interpreter needs to compute each layer from the reference's bytes.

    Attributes:
        arrays: `tensor_<index>` [N, …] for each tensor, `exact` and `oracle` uint8.
    """

    cut: LayerCut
    arrays: dict[str, Array]


def open_network(path: Path, stored: Int8Array) -> Opened:
    """Cut a network open.

    Args:
        stored: int8 [N, bytes of all inputs], as the network stores them.

    Raises:
        UserError: the network is not read when all its quantized tensors are outputs.
    """
    if is_tflite(path):
        from codegen.cut.tflite_file import open_tflite_network

        return open_tflite_network(path, stored)
    from codegen.cut.onnx_file import open_onnx_network

    return open_onnx_network(path, stored)


class Tensors:
    """The tensors of a record while it grows."""

    def __init__(self) -> None:
        self.tensors: list[Tensor] = []
        self.arrays: dict[str, Array] = {}

    def add(self, name: str, value: Value, elements: Array, number: int = -1) -> int:
        """A tensor with its elements; returns its index."""
        index = len(self.tensors)
        self.tensors.append(described(name, value, number))
        self.arrays[f"tensor_{index}"] = elements
        return index


def described(name: str, value: Value, number: int = -1) -> Tensor:
    """What the record says of a value."""
    dtype = value.dtype.value
    if value.dtype is not DType.INT8:
        return Tensor(name, dtype, number=number)
    quantization = value.quantization
    return Tensor(name, dtype, float(quantization.scale), quantization.zero_point, number)


def as_array(model: onnx.ModelProto) -> Array:
    """A model's file, uint8."""
    return np.frombuffer(model.SerializeToString(), np.uint8)
