"""What a value is: element type, shape, quantization, and the order of its bytes.

A shape is the model's own (NCHW for images); `layout` says how the bytes lie. The reference works
on shapes, kernels on bytes, so only what looks at bytes needs to know the layout.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Int8Array = npt.NDArray[np.int8]
# 8-bit weights less their zero points.
WeightArray = npt.NDArray[np.int8] | npt.NDArray[np.int16]
Int32Array = npt.NDArray[np.int32]
Int64Array = npt.NDArray[np.int64]
Float32Array = npt.NDArray[np.float32]


class DType(Enum):
    """Element types. Activations are int8; the others exist where a model's ends have them."""

    INT8 = "int8"
    UINT8 = "uint8"
    INT16 = "int16"
    INT32 = "int32"
    FLOAT32 = "float32"

    @property
    def numpy(self) -> np.dtype[Any]:
        """The NumPy type, little-endian."""
        return np.dtype(self.value).newbyteorder("<")

    @property
    def bytes(self) -> int:
        """Bytes of one element."""
        return self.numpy.itemsize


class Layout(Enum):
    """How the bytes of a value lie in memory.

    ROW_MAJOR: as the shape says, the last axis fastest.
    CHANNELS_LAST: axis 1 fastest, the other axes in their order: NHWC of an NCHW shape.
    """

    ROW_MAJOR = "row major"
    CHANNELS_LAST = "channels last"


@dataclass(frozen=True)
class Quantization:
    """Per-tensor quantization: real = scale * (q - zero_point), ONNX QuantizeLinear.

    Activations have no other; scales of weights per channel belong to the operator that has the
    weights.
    """

    scale: np.float32
    zero_point: int

    def quantize(self, values: Float32Array) -> Int8Array:
        """float32 → int8 of the same shape: saturate(rint(x / scale) + zero_point), half to even.

        Infinities saturate; NaN is the caller's to refuse.
        """
        with np.errstate(over="ignore"):
            scaled = np.rint(values / np.float32(self.scale))
        # Clip before adding: far outside the range float32 cannot hold the sum exactly.
        shifted = np.clip(scaled, -1024, 1024) + np.float32(self.zero_point)
        stored: Int8Array = np.clip(shifted, -128, 127).astype(np.int8)
        return stored

    def dequantize(self, values: Array) -> Float32Array:
        """int8 → float32 of the same shape: float32(q - zero_point) * scale."""
        shifted = (values.astype(np.int32) - self.zero_point).astype(np.float32)
        with np.errstate(over="ignore"):
            real: Float32Array = shifted * np.float32(self.scale)
        return real


@dataclass(frozen=True)
class TensorType:
    """The type of a value.

    Attributes:
        shape: with the batch dimension first, which is 1; the model's order of axes.
        quantization: of int8 values; None for numbers that stand for themselves.
    """

    shape: tuple[int, ...]
    quantization: Quantization | None = None
    dtype: DType = DType.INT8
    layout: Layout = Layout.ROW_MAJOR

    @property
    def size(self) -> int:
        """Number of elements."""
        return prod(self.shape)

    @property
    def bytes(self) -> int:
        """Number of bytes."""
        return self.size * self.dtype.bytes

    @property
    def stored_shape(self) -> tuple[int, ...]:
        """The shape in the order in which the bytes lie."""
        return tuple(self.shape[axis] for axis in self.order)

    @property
    def order(self) -> tuple[int, ...]:
        """The axes in the order in which they are stored, the slowest first."""
        axes = tuple(range(len(self.shape)))
        if self.layout is Layout.ROW_MAJOR or len(axes) < 3:
            return axes
        return (0, *axes[2:], 1)

    def store(self, values: Array) -> Array:
        """[N, …] in the order of the shape → [N, size] in the order of the bytes."""
        shaped = values.reshape(len(values), *self.shape[1:])
        return np.ascontiguousarray(shaped.transpose(self.order)).reshape(len(values), -1)

    def load(self, rows: Array) -> Array:
        """[N, size] in the order of the bytes → [N, *shape[1:]]."""
        shaped = rows.reshape(len(rows), *self.stored_shape[1:])
        return np.ascontiguousarray(shaped.transpose(tuple(np.argsort(self.order))))
