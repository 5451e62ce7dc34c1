"""What LiteRT's default interpreter computes, of a file and of one operator of it alone."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import tflite
from ai_edge_litert.interpreter import Interpreter

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


class Layers:
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
        """The tensors that operator `index` reads and that vary, and those that it writes."""
        operator = self.operators[index]
        read = [i for i in operator.InputsAsNumpy().tolist() if i not in (-1, *self.constants)]
        return read, operator.OutputsAsNumpy().tolist()

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

    def everything(self) -> tuple[bytes, list[int]]:
        """The file with what every operator writes as outputs, and which tensors these are."""
        written = [tensor for i in range(len(self.operators)) for tensor in self.ends(i)[1]]
        inputs = self.graph.InputsAsNumpy().tolist()
        return bytes(self.with_ends(inputs, written)), written
