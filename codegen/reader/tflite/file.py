"""Open a .tflite file without trusting it: every offset inside, every index in range, sizes sane.

Source: TensorFlow Lite's schema.fbs, as PyPI's `tflite` has it.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import numpy.typing as npt
import tflite

from codegen.reader.load import MAX_FILE_BYTES, MAX_NODES, element_count
from codegen.reader.text import shown
from codegen.reader.tflite.options import Options, read_options
from support.errors import UserError
from support.files import read_given
from support.network_file import TFLITE

MAX_TENSORS = 1 << 16
MAX_OPERANDS = 256
# Names of a few hundred bytes each; the limit only bounds time and memory.
MAX_NAME_BYTES = 1 << 12
_DAMAGED = (struct.error, IndexError, ValueError, TypeError, OverflowError)
# What activations and constants of an int8 network are made of.
_TYPES: dict[int, np.dtype[Any]] = {
    tflite.TensorType.FLOAT32: np.dtype("<f4"),
    tflite.TensorType.INT8: np.dtype("i1"),
    tflite.TensorType.UINT8: np.dtype("u1"),
    tflite.TensorType.INT32: np.dtype("<i4"),
    tflite.TensorType.INT64: np.dtype("<i8"),
}
_TYPE_NAMES = {
    value: name
    for name, value in vars(tflite.TensorType).items()
    if isinstance(value, int) and not name.startswith("_")
}


@dataclass(frozen=True, eq=False)
class Tensor:
    """A tensor of the file.

    Attributes:
        number: in the file.
        dtype: None for a type that no int8 network needs; `type_name` is its name in the schema.
        scale, zero_point: float32 and int64 [1] or [channels]; empty where it is not quantized.
        axis: of the channels.
        data: uint8 [bytes] of a constant; None for what an operator writes.
    """

    name: str
    number: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any] | None
    type_name: str
    scale: npt.NDArray[np.float32]
    zero_point: npt.NDArray[np.int64]
    axis: int
    data: npt.NDArray[np.uint8] | None = field(repr=False)

    @property
    def values(self) -> npt.NDArray[Any]:
        """A constant's values, of its shape; checked when the file was opened."""
        assert self.data is not None and self.dtype is not None
        return self.data.view(self.dtype).reshape(self.shape)

    @property
    def quantized(self) -> bool:
        """There are scales."""
        return self.scale.size > 0


@dataclass(frozen=True, eq=False)
class Operator:
    """An operator of the file.

    Attributes:
        kind: as the schema names it, such as CONV_2D.
        inputs: tensors; None for those that are left out.
    """

    kind: str
    inputs: tuple[Tensor | None, ...]
    outputs: tuple[Tensor, ...]
    options: Options


@dataclass(frozen=True, eq=False)
class File:
    """A network as the file has it; tensors are compared by identity."""

    path: Path
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    operators: tuple[Operator, ...]


def open_tflite(path: Path) -> File:
    """Read a file.

    Raises:
        UserError: too large, damaged, several graphs, or more of anything than such networks have.
    """
    size = path.stat().st_size
    if size > MAX_FILE_BYTES:
        raise UserError(
            f"{path}: {size:,} bytes is larger than {MAX_FILE_BYTES:,}",
            "this tool is for networks that fit a microcontroller",
        )
    data = read_given(path)
    if data[4:8] != TFLITE:
        raise _damaged(path, "its first bytes are not those of one")
    try:
        return _Reader(path, data).file()
    except _DAMAGED as error:
        raise _damaged(path, " ".join(str(error).split())[:100]) from None


def _code_of(code: Any) -> int:
    """The operator of an operator code: the old field holds those below 127 only, the larger of
    both counts. The package's own `BuiltinCode` gives the old one wherever it can."""
    place = code._tab.Offset(10)
    number = (
        code._tab.Get(flatbuffers.number_types.Int32Flags, place + code._tab.Pos) if place else 0
    )
    return max(int(number), int(code.DeprecatedBuiltinCode()))


def _damaged(path: Path, why: str) -> UserError:
    return UserError(
        f"{path}: not a TensorFlow Lite file, or a truncated one ({shown(why)})",
        "convert the network again and check that the copy is whole",
    )


class _Reader:
    def __init__(self, path: Path, data: bytes) -> None:
        self.path = path
        self.size = len(data)
        self.model: Any = tflite.Model.GetRootAs(data, 0)
        self.tensors: dict[int, Tensor] = {}
        self.name_bytes = 0

    @cached_property
    def graph(self) -> Any:
        if self.model.SubgraphsLength() != 1:
            raise UserError(
                f"{self.path}: has {self.model.SubgraphsLength():,} graphs, not one",
                "convert a network without control flow",
            )
        return self.model.Subgraphs(0)

    def file(self) -> File:
        graph = self.graph
        for what, count, most in (
            ("operators", graph.OperatorsLength(), MAX_NODES),
            ("tensors", graph.TensorsLength(), MAX_TENSORS),
        ):
            if count > most:
                raise UserError(
                    f"{self.path}: {count:,} {what} are more than {most:,}",
                    "this tool is for networks that fit a microcontroller",
                )
        operators = tuple(
            self.operator(graph.Operators(index)) for index in range(graph.OperatorsLength())
        )
        return File(
            self.path,
            self.all(graph.InputsIsNone(), graph.InputsAsNumpy),
            self.all(graph.OutputsIsNone(), graph.OutputsAsNumpy),
            operators,
        )

    def operator(self, found: Any) -> Operator:
        index = found.OpcodeIndex()
        if index >= self.model.OperatorCodesLength():
            raise ValueError(f"operator code {index} is not there")
        code = self.model.OperatorCodes(index)
        number = _code_of(code)
        kind = tflite.BUILTIN_OPCODE2NAME.get(number, f"operator {number}")
        if kind == "CUSTOM":
            custom = code.CustomCode() or b""
            kind = f"custom {shown(custom[:40].decode('utf-8', errors='replace'))}"
        return Operator(
            kind,
            self.some(found.InputsIsNone(), found.InputsAsNumpy),
            self.all(found.OutputsIsNone(), found.OutputsAsNumpy),
            read_options(kind, found),
        )

    def some(self, none: bool, numbers: Any) -> tuple[Tensor | None, ...]:
        if none:
            return ()
        indices = numbers()
        if indices.size > MAX_OPERANDS:
            raise ValueError(f"{indices.size:,} operands")
        return tuple(None if index == -1 else self.tensor(int(index)) for index in indices)

    def all(self, none: bool, numbers: Any) -> tuple[Tensor, ...]:
        found = self.some(none, numbers)
        if None in found:
            raise ValueError("an end is left out")
        return tuple(tensor for tensor in found if tensor is not None)

    def tensor(self, index: int) -> Tensor:
        if index not in self.tensors:
            self.tensors[index] = self.read(index)
        return self.tensors[index]

    def read(self, index: int) -> Tensor:
        if not 0 <= index < self.graph.TensorsLength():
            raise ValueError(f"tensor {index} is not there")
        found = self.graph.Tensors(index)
        name = self.name(found, index)
        what = f"{self.path}: tensor '{shown(name)}'"
        shape = [] if found.ShapeIsNone() else found.ShapeAsNumpy()[:32].tolist()
        count = element_count(shape, what)
        number = found.Type()
        dtype = _TYPES.get(number)
        data = self.data(found.Buffer())
        if data is not None and dtype is not None and data.size != count * dtype.itemsize:
            raise UserError(
                f"{what}: {data.size:,} bytes for shape {shape} of {dtype}",
                "convert the network again and check that the copy is whole",
            )
        if data is not None and found.Sparsity() is not None:
            raise UserError(f"{what}: is stored sparse", "convert with dense weights")
        return Tensor(
            name,
            index,
            tuple(shape),
            dtype,
            _TYPE_NAMES.get(number, f"type {number}"),
            *self.quantization(found.Quantization()),
            data,
        )

    def name(self, found: Any, index: int) -> str:
        """A name; of those that fusing has joined with semicolons, the first."""
        text = found.Name() or b""
        self.name_bytes += len(text)
        if self.name_bytes > MAX_NAME_BYTES * MAX_TENSORS // 16:
            raise ValueError("names without end")
        return text[:MAX_NAME_BYTES].decode("utf-8", errors="replace").split(";")[0] or (
            f"tensor_{index}"
        )

    def data(self, index: int) -> npt.NDArray[np.uint8] | None:
        """The bytes of a buffer; None for an empty one: something computes its tensor."""
        if index >= self.model.BuffersLength():
            raise ValueError(f"buffer {index} is not there")
        buffer = self.model.Buffers(index)
        if buffer.Offset() > 1:
            raise ValueError("a buffer lies behind the graph")
        if buffer.DataIsNone() or not buffer.DataLength():
            return None
        data: npt.NDArray[np.uint8] = buffer.DataAsNumpy()
        return data

    @staticmethod
    def quantization(
        found: Any,
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64], int]:
        if found is None or found.ScaleIsNone():
            return np.zeros(0, np.float32), np.zeros(0, np.int64), 0
        scale = found.ScaleAsNumpy()
        zeros = np.zeros(scale.size, np.int64)
        if not found.ZeroPointIsNone() and found.ZeroPointLength():
            zeros = found.ZeroPointAsNumpy()
        if zeros.size not in (1, scale.size):
            raise ValueError(f"{zeros.size} zero points for {scale.size} scales")
        return scale, np.broadcast_to(zeros, scale.shape), int(found.QuantizedDimension())
