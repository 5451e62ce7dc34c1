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
from codegen.kernels.wanted import WANTED, Kernels
from codegen.ops import computes
from codegen.reader.qdq import read_graph
from codegen.reference import all_values, join, split
from nn2flash.given import input_bytes
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
        kernels: "portable", "auto", "small", "dense" or "sparse"; all compute the same bytes. None:
            `run` has portable ones, which show every layer, `analyze` those of "auto", as
            `nn2flash analyze`.
        table_memory: bytes of RAM for tables of expanded weights; portable kernels have none.

    Raises:
        UserError: a file that cannot be read, no such kernels, or no number of bytes.
    """

    def __init__(
        self, model: Path | str, kernels: str | None = None, *, table_memory: int = 0
    ) -> None:
        if kernels is not None and kernels not in WANTED:
            raise UserError(f"kernels={kernels!r}: no such kernels", f"choose from {list(WANTED)}")
        if type(table_memory) is not int or table_memory < 0:
            raise UserError(
                f"table_memory={table_memory!r}: no number of bytes", "give an integer: 48 << 10"
            )
        self.graph = read_graph(model)
        self.kernels = kernels
        self.table_memory = table_memory

    def run(self, x: Any) -> Result:
        """Run the generated C, compiled for this computer at the first call.

        Args:
            x: of an input [1, …] of the model: [N, …], […] for one, or flat [N, values]. Floats and
                integers are real numbers; int8 is quantized already, and flat it is the bytes as
                firmware takes them (of an image, channels last), else in the model's order of axes.
                Of several inputs, a dict of such arrays by name, or all of them flat, one behind
                the other.

        Raises:
            UserError: inputs of another shape or of no numbers, or no C compiler.
        """
        inputs = input_bytes(self.graph, x)
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
        known = all_values(self.graph, input_bytes(self.graph, x))
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
        return analyze(self.graph, self._kernels("auto"), target, memories)

    @cached_property
    def _library(self) -> HostLibrary:
        from nn2flash.host_library import HostLibrary

        return HostLibrary(self.graph, self._kernels("portable"))

    def _kernels(self, default: str) -> Kernels:
        return Kernels(self.kernels or default, table_memory=self.table_memory)

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
