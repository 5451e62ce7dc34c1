"""Element-wise functions of one int8 tensor, as a table of 256 bytes made offline.

Covers a ReLU, Clip, Sigmoid or Tanh that stands between quantized tensors, and a change of scale.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import onnx

from codegen.graph import Int8Array, Node, Tensor
from codegen.operator import Constants, LayerPlan, Operator
from codegen.reader.walk import Pending, Quantized, Stage, Walk, label

Function = Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float32]]


@dataclass(frozen=True)
class Lookup(Node):
    """y = table[x + 128].

    Attributes:
        table: int8 [256], indexed by the input byte plus 128.
    """

    table: Int8Array = field(repr=False)

    @property
    def content(self) -> tuple[bytes, ...]:
        """The table, for the model's identity."""
        return (self.table.tobytes(),)


def make_table(source: Tensor, target: Tensor, function: Function) -> Int8Array:
    """int8 [256]: QuantizeLinear(function(DequantizeLinear(q))) for every byte, in float32.

    Source: ONNX operator specification, DequantizeLinear and QuantizeLinear.
    """
    bytes_in = np.arange(-128, 128, dtype=np.int32) - source.quantization.zero_point
    real = bytes_in.astype(np.float32) * np.float32(source.quantization.scale)
    with np.errstate(over="ignore"):
        scaled = np.rint(function(real).astype(np.float32) / np.float32(target.quantization.scale))
    clipped = np.clip(np.nan_to_num(scaled), -1024, 1024) + target.quantization.zero_point
    table: Int8Array = np.clip(clipped, -128, 127).astype(np.int8)
    return table


def requantize(name: str, source: Tensor, target: Tensor) -> Lookup:
    """A change of scale and zero point."""
    return Lookup(name, source, target, make_table(source, target, lambda x: x))


@dataclass
class _Draft(Pending):
    """A function whose output quantization is not known yet."""

    name: str
    source: Tensor
    function: Function

    def __post_init__(self) -> None:
        self.shape = self.source.shape

    def finish(self, output: Tensor) -> Node:
        """The typed node with its table."""
        return Lookup(
            self.name, self.source, output, make_table(self.source, output, self.function)
        )


def _draft(walk: Walk, node: onnx.NodeProto, stage: Stage, function: Function) -> Stage:
    if not isinstance(stage, Quantized):
        raise walk.fail(
            node, "its input is not quantized", "quantize the whole network, format QDQ"
        )
    return _Draft(label(node), stage.tensor, function)


def relu(walk: Walk, node: onnx.NodeProto, stage: Stage) -> Stage:
    """A ReLU between two quantized tensors."""
    return _draft(walk, node, stage, lambda x: np.maximum(x, np.float32(0)))


def _clip(walk: Walk, node: onnx.NodeProto, stage: Stage) -> Stage:
    bounds = []
    for index, default in ((1, -np.inf), (2, np.inf)):
        given = index < len(node.input) and node.input[index]
        value = walk.constant(node, index, "its bound").values if given else np.float32(default)
        bounds.append(np.float32(np.asarray(value).reshape(-1)[0]))
    low, high = bounds
    return _draft(walk, node, stage, lambda x: np.minimum(np.maximum(x, low), high))


def _sigmoid(walk: Walk, node: onnx.NodeProto, stage: Stage) -> Stage:
    def sigmoid(x: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        return (1.0 / (1.0 + np.exp(-x.astype(np.float64)))).astype(np.float32)

    return _draft(walk, node, stage, sigmoid)


def _tanh(walk: Walk, node: onnx.NodeProto, stage: Stage) -> Stage:
    return _draft(walk, node, stage, lambda x: np.tanh(x.astype(np.float64)).astype(np.float32))


class LookupOperator(Operator):
    """A table of 256 bytes."""

    stem = "lookup"
    node_type = Lookup
    handlers = {"Clip": _clip, "Sigmoid": _sigmoid, "Tanh": _tanh}  # noqa: RUF012

    def reference(self, node: Lookup, inputs: Int8Array) -> Int8Array:
        """y = table[x + 128]."""
        return node.table[inputs.astype(np.int16) + 128]

    def plan(self, node: Lookup) -> LayerPlan:
        """One table, one loop."""
        block = Constants("table", "lookup table, int8 [256]", node.table.tobytes(), counted=False)
        return LayerPlan(
            node,
            self.stem,
            "portable",
            "a table of 256 bytes",
            (block,),
            values={"size": node.output.size},
        )


OPERATOR = LookupOperator()
