"""Constant tensors of a model: plain arrays, and quantized ones with scale, zero point and axis."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import numpy_helper

from codegen.reader.load import element_count
from support.errors import UserError

AnyArray = npt.NDArray[Any]

_PLAIN_TYPES = {
    onnx.TensorProto.FLOAT: "float_data",
    onnx.TensorProto.INT8: "int32_data",
    onnx.TensorProto.UINT8: "int32_data",
    onnx.TensorProto.INT32: "int32_data",
    onnx.TensorProto.INT64: "int64_data",
    onnx.TensorProto.BOOL: "int32_data",
}


@dataclass(frozen=True)
class Constant:
    """A constant array, or a quantized constant whose values stand for scale * (q - zero_point).

    Attributes:
        values: the array as stored (float32, int8, uint8, int32 or int64).
        scale: float32 [channels], or [1] for the whole tensor; None for a plain array.
        zero_point: int64, same shape as `scale`.
        axis: the quantization axis when there is more than one scale.
    """

    values: AnyArray
    scale: npt.NDArray[np.float32] | None = None
    zero_point: npt.NDArray[np.int64] | None = None
    axis: int = 0

    def transposed(self) -> Constant:
        """The transpose of a matrix; the quantization axis moves along."""
        axis = 1 - self.axis if self.values.ndim == 2 else self.axis
        return replace(self, values=self.values.T, axis=axis)

    def real(self) -> npt.NDArray[np.float32]:
        """The numbers that it stands for, computed as DequantizeLinear does, in float32."""
        if self.scale is None or self.zero_point is None:
            return self.values.astype(np.float32)
        shape = [1] * self.values.ndim
        if self.scale.size > 1:
            shape[self.axis] = self.scale.size
        shifted = self.values.astype(np.int64) - self.zero_point.reshape(shape)
        with np.errstate(over="ignore"):
            real: npt.NDArray[np.float32] = shifted.astype(np.float32) * self.scale.reshape(shape)
        return real


def read_tensor(tensor: onnx.TensorProto, what: str) -> AnyArray:
    """Return a tensor's values after checking that its data really has the size of its shape.

    Raises:
        UserError: unknown type, external or missing data, sizes that do not match, absurd shapes.
    """
    if tensor.data_location == onnx.TensorProto.EXTERNAL or tensor.external_data:
        raise UserError(
            f"{what}: keeps its data in another file", "save the model as a single file"
        )
    count = element_count(list(tensor.dims), what)
    if tensor.data_type not in _PLAIN_TYPES:
        known = onnx.TensorProto.DataType.values()
        name = (
            onnx.TensorProto.DataType.Name(tensor.data_type)
            if tensor.data_type in known
            else str(tensor.data_type)
        )
        raise UserError(
            f"{what}: element type {name} is not supported",
            "quantize activations and weights to 8 bits (QDQ)",
        )
    dtype = onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type)
    if tensor.raw_data:
        have = len(tensor.raw_data) // dtype.itemsize
        exact = len(tensor.raw_data) % dtype.itemsize == 0
    else:
        have = len(getattr(tensor, _PLAIN_TYPES[tensor.data_type]))
        exact = True
    if have != count or not exact:
        raise UserError(
            f"{what}: shape {list(tensor.dims)} needs {count} elements, the file has {have}",
            "the file is damaged: export the model again",
        )
    try:
        values: AnyArray = numpy_helper.to_array(tensor)
    except (ValueError, TypeError, OverflowError) as error:
        raise UserError(f"{what}: unreadable values ({error})", "export the model again") from None
    return values


def quantization_of(
    scale: AnyArray, zero_point: AnyArray | None, what: str
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """Check a scale and zero point pair.

    Returns:
        scale float32 and zero point int64, flat, of the same length.

    Raises:
        UserError: scales that are not finite and positive, or lengths that differ.
    """
    if scale.dtype != np.float32 or scale.ndim > 1 or scale.size == 0:
        raise UserError(
            f"{what}: the scale must be float32, a scalar or one per channel, not "
            f"{scale.dtype} {list(scale.shape)}",
            "quantize per tensor or per channel",
        )
    flat = scale.reshape(-1).astype(np.float32)
    bad = ~(np.isfinite(flat) & (flat > 0))
    if bad.any():
        index = int(np.argmax(bad))
        raise UserError(
            f"{what}: scale {flat[index]} (index {index}) is not a positive number",
            "quantize the model again with calibration data that covers every channel",
        )
    zeros = np.zeros(flat.size, np.int64)
    if zero_point is not None:
        if zero_point.dtype not in (np.int8, np.uint8, np.int32):
            raise UserError(f"{what}: zero point of type {zero_point.dtype}", "use int8 or uint8")
        zeros = zero_point.reshape(-1).astype(np.int64)
    if zeros.size != flat.size:
        raise UserError(
            f"{what}: {flat.size} scales but {zeros.size} zero points", "quantize the model again"
        )
    return flat, zeros
