"""Tiny .tflite files, written with the schema's own builders."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import numpy.typing as npt
import tflite
from ai_edge_litert import schema_py_generated as schema

Array = npt.NDArray[Any]
NONE, RELU, RELU_N1_TO_1, RELU6 = 0, 1, 2, 3
SAME, VALID = 0, 1

_TYPES = {
    np.dtype(np.float32): tflite.TensorType.FLOAT32,
    np.dtype(np.int8): tflite.TensorType.INT8,
    np.dtype(np.uint8): tflite.TensorType.UINT8,
    np.dtype(np.int16): tflite.TensorType.INT16,
    np.dtype(np.int32): tflite.TensorType.INT32,
    np.dtype(np.int64): tflite.TensorType.INT64,
}


def edited(data: bytes, edit: Callable[[Any], None]) -> bytes:
    """The file after `edit` has changed its tables, a `ModelT` of the schema's object API."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(data, 0))
    edit(model)
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


class TfliteModel:
    """A network that grows at its end; tensors are numbers, as the schema has them."""

    def __init__(self) -> None:
        self.builder = flatbuffers.Builder(1024)
        self.buffers = [b""]
        self.tensors: list[int] = []
        self.quantization: list[tuple[Any, Any, int]] = []
        self.shapes: list[tuple[int, ...]] = []
        self.codes: list[int] = []
        self.operators: list[int] = []
        self.inputs: list[int] = []
        self.value = -1

    def tensor(
        self,
        shape: Sequence[int],
        scale: Any = (),
        zero: Any = 0,
        *,
        axis: int = 0,
        dtype: Any = np.int8,
        data: Array | None = None,
        name: str = "",
    ) -> int:
        """A tensor; a constant with `data`."""
        b = self.builder
        buffer = 0
        if data is not None:
            buffer = len(self.buffers)
            self.buffers.append(np.ascontiguousarray(data).tobytes())
        number = len(self.tensors)
        label = b.CreateString(name or f"tensor_{number}")
        sizes = b.CreateNumpyVector(np.array(shape, np.int32))
        scales = np.atleast_1d(np.array(scale, np.float32))
        zeros = np.broadcast_to(np.array(zero, np.int64), scales.shape)
        scale_vector = b.CreateNumpyVector(scales)
        zero_vector = b.CreateNumpyVector(np.ascontiguousarray(zeros))
        tflite.QuantizationParametersStart(b)
        tflite.QuantizationParametersAddScale(b, scale_vector)
        tflite.QuantizationParametersAddZeroPoint(b, zero_vector)
        tflite.QuantizationParametersAddQuantizedDimension(b, axis)
        quantization = tflite.QuantizationParametersEnd(b)
        tflite.TensorStart(b)
        tflite.TensorAddShape(b, sizes)
        tflite.TensorAddType(b, _TYPES[np.dtype(dtype)])
        tflite.TensorAddBuffer(b, buffer)
        tflite.TensorAddName(b, label)
        if scales.size:
            tflite.TensorAddQuantization(b, quantization)
        self.tensors.append(tflite.TensorEnd(b))
        self.shapes.append(tuple(shape))
        self.quantization.append((scale, zero, axis))
        return number

    def constant(self, data: Any, scale: Any = (), zero: Any = 0, axis: int = 0) -> int:
        """A constant of the type of `data`."""
        values = np.asarray(data)
        return self.tensor(values.shape, scale, zero, axis=axis, dtype=values.dtype, data=values)

    def integers(self, *values: Any) -> int:
        """A constant of int32."""
        return self.constant(np.array(values, np.int32))

    def input(
        self, shape: Sequence[int], scale: Any = 0.0491, zero: int = 3, dtype: Any = np.int8
    ) -> TfliteModel:
        """Another input; the line goes on from it."""
        self.value = self.tensor(shape, scale, zero, dtype=dtype, name=f"in_{len(self.inputs)}")
        self.inputs.append(self.value)
        return self

    def operator(
        self,
        kind: str,
        inputs: Sequence[int],
        outputs: Sequence[int],
        options: tuple[str, dict[str, Any]] | None = None,
    ) -> TfliteModel:
        """An operator that writes tensors that are there."""
        b = self.builder
        table = None
        if options is not None:
            vectors = {
                name: b.CreateNumpyVector(np.array(value, np.int32))
                for name, value in options[1].items()
                if isinstance(value, list)
            }
            getattr(tflite, f"{options[0]}Start")(b)
            for name, value in options[1].items():
                getattr(tflite, f"{options[0]}Add{name}")(b, vectors.get(name, value))
            table = getattr(tflite, f"{options[0]}End")(b)
        read = b.CreateNumpyVector(np.array(inputs, np.int32))
        written = b.CreateNumpyVector(np.array(outputs, np.int32))
        code = getattr(tflite.BuiltinOperator, kind)
        if code not in self.codes:
            self.codes.append(code)
        tflite.OperatorStart(b)
        tflite.OperatorAddOpcodeIndex(b, self.codes.index(code))
        tflite.OperatorAddInputs(b, read)
        tflite.OperatorAddOutputs(b, written)
        if options is not None:
            kinds = tflite.BuiltinOptions
            tflite.OperatorAddBuiltinOptionsType(b, getattr(kinds, options[0]))
            tflite.OperatorAddBuiltinOptions(b, table)
        self.operators.append(tflite.OperatorEnd(b))
        self.value = outputs[0]
        return self

    def then(
        self,
        kind: str,
        operands: Sequence[int],
        shape: Sequence[int],
        scale: Any = None,
        zero: int = 0,
        *,
        options: tuple[str, dict[str, Any]] | None = None,
        dtype: Any = np.int8,
    ) -> TfliteModel:
        """An operator that reads the end of the line first, and becomes it.

        Args:
            scale: None keeps scale and zero point.
        """
        if scale is None:
            scale, zero, _ = self.quantization[self.value]
        output = self.tensor(shape, scale, zero, dtype=dtype)
        return self.operator(kind, [self.value, *operands], [output], options)

    def build(self, outputs: Sequence[int] | None = None, graphs: int = 1) -> bytes:
        """The file's bytes; its output is whatever came last."""
        b = self.builder
        ends = [
            b.CreateNumpyVector(np.array(numbers, np.int32))
            for numbers in (self.inputs, [self.value] if outputs is None else outputs)
        ]
        tensors = self._vector(self.tensors)
        operators = self._vector(self.operators)
        tflite.SubGraphStart(b)
        tflite.SubGraphAddTensors(b, tensors)
        tflite.SubGraphAddInputs(b, ends[0])
        tflite.SubGraphAddOutputs(b, ends[1])
        tflite.SubGraphAddOperators(b, operators)
        graph = self._vector([tflite.SubGraphEnd(b)] * graphs)
        codes = self._vector([self._code(code) for code in self.codes])
        buffers = self._vector([self._buffer(data) for data in self.buffers])
        tflite.ModelStart(b)
        tflite.ModelAddVersion(b, 3)
        tflite.ModelAddOperatorCodes(b, codes)
        tflite.ModelAddSubgraphs(b, graph)
        tflite.ModelAddBuffers(b, buffers)
        b.Finish(tflite.ModelEnd(b), b"TFL3")
        return bytes(b.Output())

    def save(self, path: Path) -> Path:
        """Write the file to `path` and return it."""
        path.write_bytes(self.build())
        return path

    def _vector(self, offsets: Sequence[int]) -> int:
        b = self.builder
        b.StartVector(4, len(offsets), 4)
        for offset in reversed(offsets):
            b.PrependUOffsetTRelative(offset)
        return int(b.EndVector())

    def _code(self, code: int) -> int:
        b = self.builder
        tflite.OperatorCodeStart(b)
        tflite.OperatorCodeAddDeprecatedBuiltinCode(b, min(code, 127))
        tflite.OperatorCodeAddBuiltinCode(b, code)
        tflite.OperatorCodeAddVersion(b, 1)
        return int(tflite.OperatorCodeEnd(b))

    def _buffer(self, data: bytes) -> int:
        b = self.builder
        stored = None
        if data:
            # The runtime wants its constants on addresses of 16.
            b.StartVector(1, len(data), 16)
            b.head -= len(data)
            b.Bytes[b.head : b.head + len(data)] = data
            stored = b.EndVector()
        tflite.BufferStart(b)
        if stored is not None:
            tflite.BufferAddData(b, stored)
        return int(tflite.BufferEnd(b))
