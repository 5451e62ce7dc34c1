"""A network in Python: its generated C, its reference and its analysis, NumPy in and out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from codegen.ir.graph import Value
from codegen.ir.types import Array, Int8Array
from codegen.kernels.wanted import Kernels
from codegen.ops import computes
from codegen.reader.qdq import read_graph
from codegen.reference import all_values, join, quantize_inputs, split
from support.errors import UserError

if TYPE_CHECKING:
    from codegen.analysis.analysis import Analysis
    from nn2flash.host_library import HostLibrary


@dataclass(frozen=True, eq=False)
class Result:
    """What a network makes of N inputs.

    Attributes:
        bytes: int8 [N, bytes of all outputs], as firmware writes them.
        outputs: name → the same as real numbers, float32 [N, …] in the model's shape; integers
            where the model's output is integers.
        layers: name of the layer → what it writes, quantized, [N, …] in the model's shape. C has no
            layer that was joined with the one behind it.
    """

    bytes: Int8Array
    outputs: Mapping[str, Array]
    layers: Mapping[str, Array]

    @property
    def output(self) -> Array:
        """The only output.

        Raises:
            UserError: there are several.
        """
        if len(self.outputs) > 1:
            raise UserError("the network has several outputs", f"choose from {list(self.outputs)}")
        return next(iter(self.outputs.values()))


class Network:
    """A model file, read.

    Args:
        model: QDQ int8 ONNX or int8 .tflite file.
        kernels: "portable", "auto", "dense" or "sparse"; all compute the same bytes. Portable ones
            show every layer.

    Raises:
        UserError: a file that cannot be read.
    """

    def __init__(self, model: Path | str, kernels: str = "portable") -> None:
        self.graph = read_graph(model)
        self.kernels = Kernels(kernels)

    def run(self, x: Any) -> Result:
        """Run the generated C, compiled for this computer at the first call.

        Args:
            x: floats [N, …] in the model's shape, or one input without N; of several inputs, a dict
                by name; int8 [N, bytes of all inputs] is taken as it is.

        Raises:
            UserError: inputs of another shape, or no C compiler.
        """
        inputs = self._quantized(x)
        outputs, rows = self._library.run(inputs)
        layers, start = {}, 0
        names = {value: op.name for op in self._library.plan.lowered.ops for value in op.outputs}
        for _, value in self._library.written:
            part = rows[:, start : start + value.bytes]
            layers[names[value]] = _elements(value, part)
            start += value.bytes
        return self._result(outputs, layers)

    def reference(self, x: Any) -> Result:
        """The same by the NumPy integer reference; `x` as of `run`."""
        known = all_values(self.graph, self._quantized(x))
        layers = {op.name: known[op.outputs[0]] for op in self.graph.ops if computes(op)}
        return self._result(join(self.graph.outputs, known), layers)

    def analyze(self, board: str | None = None) -> Analysis:
        """What the network needs and costs; see `nn2flash analyze`.

        Args:
            board: name of a board or its folder; None: a Cortex-M7 with FPU.

        Raises:
            UserError: no such board, or an operation that no kernel takes there.
        """
        from codegen.analysis.analysis import analyze
        from codegen.target import CORTEX_M7, target_of
        from nn2flash.boards import board_named

        memories = board_named(board).to_json() if board else None
        target = target_of(memories) if memories else CORTEX_M7
        return analyze(self.graph, self.kernels, target, memories)

    @cached_property
    def _library(self) -> HostLibrary:
        from nn2flash.host_library import HostLibrary

        return HostLibrary(self.graph, self.kernels)

    def _quantized(self, x: Any) -> Int8Array:
        """int8 [N, bytes of all inputs] of what a caller gives."""
        if isinstance(x, Mapping):
            x = self._joined(x)
        array = np.asarray(x)
        if array.dtype == np.int8:
            return self._as_rows(array)
        if array.size % self.graph.input_size or not array.size:
            raise UserError(
                f"inputs of shape {list(array.shape)} are no whole number of inputs",
                f"the network takes {[list(value.shape) for value in self.graph.inputs]}",
            )
        return quantize_inputs(
            array.astype(np.float32).reshape(-1, self.graph.input_size), self.graph
        )

    def _as_rows(self, stored: Int8Array) -> Int8Array:
        """int8 [N, bytes of all inputs]."""
        size = self.graph.input_bytes
        if stored.size % size or not stored.size:
            raise UserError(
                f"int8 inputs have {size} bytes each, these are {stored.size}",
                "give floats, or rows of whole inputs",
            )
        return stored.reshape(-1, size)

    def _joined(self, x: Mapping[str, Any]) -> Array:
        """[N, elements of all inputs] of arrays by name."""
        names = [value.name for value in self.graph.inputs]
        if set(x) != set(names):
            raise UserError(f"inputs are called {list(x)}", f"the network's are {names}")
        parts = [np.asarray(x[v.name], np.float32).reshape(-1, v.size) for v in self.graph.inputs]
        if len({len(part) for part in parts}) > 1:
            raise UserError("the inputs have different numbers of rows", "give as many of each")
        return np.concatenate(parts, axis=1)

    def _result(self, rows: Int8Array, layers: Mapping[str, Array]) -> Result:
        found = split(self.graph.outputs, rows)
        return Result(rows, {value.name: _real(value, found[value]) for value in found}, layers)


def _elements(value: Value, rows: Int8Array) -> Array:
    """[N, bytes] → [N, …] in the shape and type of a value."""
    return value.type.load(np.ascontiguousarray(rows).view(value.dtype.numpy))


def _real(value: Value, elements: Array) -> Array:
    """Real numbers of a quantized value; others as they are."""
    quantization = value.type.quantization
    return elements if quantization is None else quantization.dequantize(elements)
