"""What LiteRT's default interpreter makes of each operator of a .tflite file, alone."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tflite
from ai_edge_litert.interpreter import Interpreter

from model.layers import Forced, NoOracle, forced
from support.errors import UserError
from support.files import read_given
from support.layer_cut import LayerCut
from support.network_file import TFLITE
from support.progress import SOON, track

# What reading a flatbuffer raises that is none, or tensors that the arrays do not have.
_DAMAGE = (struct.error, AttributeError, IndexError, KeyError, TypeError, ValueError)
_REMEDY = "give the .tflite file that `python -m codegen layers` was given"

Array = npt.NDArray[Any]
Int8Array = npt.NDArray[np.int8]


def litert_outputs(data: bytes, stored: Int8Array) -> Int8Array:
    """int8 [N, output bytes] for int8 [N, bytes of all inputs]; uint8 ends are shifted by 128."""
    interpreter = Interpreter(model_content=data, num_threads=1)
    interpreter.allocate_tensors()
    ends = interpreter.get_input_details()
    found = []
    for row in stored:
        start = 0
        for end in ends:
            size = int(np.prod(end["shape"]))
            part = row[start : start + size].reshape(end["shape"])
            if end["dtype"] == np.uint8:
                part = (part.astype(np.int16) + 128).astype(np.uint8)
            elif end["dtype"] == np.float32:
                raise ValueError("a float input has no stored bytes")
            interpreter.set_tensor(end["index"], part)
            start += size
        interpreter.invoke()
        made = [interpreter.get_tensor(end["index"]) for end in interpreter.get_output_details()]
        found.append(np.concatenate([_stored(values) for values in made]))
    return np.array(found)


def _stored(values: npt.NDArray[np.generic]) -> Int8Array:
    flat = values.reshape(-1)
    if flat.dtype == np.uint8:
        flat = flat.astype(np.int16) - 128
    return flat.astype(np.int8)


class Operators:
    """The operators of a file, each as a network of its own: what it reads can be forced."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        model = tflite.Model.GetRootAs(data, 0)
        self.graph = model.Subgraphs(0)
        self.operators = [self.graph.Operators(i) for i in range(self.graph.OperatorsLength())]
        self.constants = {
            index
            for index in range(self.graph.TensorsLength())
            if model.Buffers(self.graph.Tensors(index).Buffer()).DataLength()
        }

    def ends(self, index: int) -> tuple[list[int], list[int]]:
        """The tensors that operator `index` reads and that vary, each once, and those it writes."""
        operator = self.operators[index]
        read = [i for i in operator.InputsAsNumpy().tolist() if i not in (-1, *self.constants)]
        return list(dict.fromkeys(read)), operator.OutputsAsNumpy().tolist()

    def with_ends(self, inputs: Sequence[int], outputs: Sequence[int]) -> bytearray:
        """The file with other tensors as its inputs and outputs."""
        patched = bytearray(self.data)
        for slot, numbers in ((6, inputs), (8, outputs)):
            patched += bytes(-len(patched) % 4)
            position = self.graph._tab.Offset(slot) + self.graph._tab.Pos
            struct.pack_into("<I", patched, position, len(patched) - position)
            patched += struct.pack(f"<I{len(numbers)}i", len(numbers), *numbers)
        return patched

    def alone(self, index: int) -> bytes:
        """Operator `index` as the whole network."""
        patched = self.with_ends(*self.ends(index))
        first = self.graph._tab.Vector(self.graph._tab.Offset(10))
        struct.pack_into("<II", patched, first - 4, 1, self.operators[index]._tab.Pos - first)
        return bytes(patched)


def by_litert(path: Path, cut: LayerCut, arrays: Mapping[str, Array]) -> Forced:
    """Compute every layer by LiteRT's default interpreter.

    Args:
        path: the .tflite file that was cut.

    Raises:
        NoOracle: LiteRT does not run one of its operators.
        UserError: it is no such file, or another one than that was cut.
    """
    data = read_given(path)
    if data[4:8] != TFLITE:
        raise UserError(f"{path}: not a TensorFlow Lite file", _REMEDY)
    try:
        return _by_litert(data, cut, arrays)
    except _DAMAGE:
        raise UserError(f"{path}: damaged, or not the file that was cut", _REMEDY) from None


def _by_litert(data: bytes, cut: LayerCut, arrays: Mapping[str, Array]) -> Forced:
    operators = Operators(data)
    index_of = {tensor.number: index for index, tensor in enumerate(cut.tensors)}
    wanted = {cut.tensors[layer.tensor].number for layer in cut.layers}
    found: dict[int, Array] = {}
    total = len(operators.operators)
    for number in track(range(total), "layers, LiteRT", total, after=SOON):
        read, written = operators.ends(number)
        if not wanted & {*written}:
            continue
        rows = [arrays[f"tensor_{index_of[tensor]}"] for tensor in read]
        stored = np.concatenate([each.reshape(len(each), -1) for each in rows], axis=1)
        try:
            made = litert_outputs(operators.alone(number), stored)
        except (RuntimeError, ValueError) as error:
            raise NoOracle(f"LiteRT: operator {number}: {error}") from None
        sizes = [arrays[f"tensor_{index_of[tensor]}"][0].size for tensor in written]
        parts = np.split(made, np.cumsum(sizes)[:-1], axis=1)
        found |= zip(written, parts, strict=True)
    outputs = [found[cut.tensors[layer.tensor].number] for layer in cut.layers]
    return forced("LiteRT", cut, arrays, outputs)
