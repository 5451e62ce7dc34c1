"""Element-wise functions of one int8 tensor, as a table of 256 bytes made offline.

Covers a ReLU, Clip, Sigmoid or Tanh that stands between quantized tensors, and a change of scale.
A ReLU or Clip right after another operator costs nothing: it becomes that operator's clamp.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import onnx

from codegen.graph import Int8Array, Node, Tensor
from codegen.operator import Constants, LayerPlan, Operator
from codegen.reader.walk import Pending, Stage, Walk, label, quantized_input

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
    shifted = np.arange(-128, 128, dtype=np.int32) - source.quantization.zero_point
    with np.errstate(over="ignore"):
        real = shifted.astype(np.float32) * np.float32(source.quantization.scale)
        return target.quantization.quantize(function(real).astype(np.float32))


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
        table = make_table(self.source, output, self.function)
        return Lookup(
            self.name, self.source, output, np.clip(table, *self.clamp(output.quantization))
        )


def _bounded(walk: Walk, node: onnx.NodeProto, stage: Stage, low: float, high: float) -> Stage:
    """Clip to low..high: fused into the operator before it, or a table of its own."""
    if not isinstance(stage, Pending):
        stage = _Draft(label(node), quantized_input(walk, node, stage), lambda x: x)
    stage.clip(low, high)
    return stage


def _relu(walk: Walk, node: onnx.NodeProto, stage: Stage) -> Stage:
    return _bounded(walk, node, stage, 0.0, np.inf)


def _clip(walk: Walk, node: onnx.NodeProto, stage: Stage) -> Stage:
    bounds = [-np.inf, np.inf]
    for index in (0, 1):
        if len(node.input) > index + 1 and node.input[index + 1]:
            bound = walk.constant(node, index + 1, "its bound")
            value = bound.real()
            if value.size != 1 or np.isnan(value).any():
                raise walk.fail(
                    node, f"its bound has shape {list(value.shape)}, not one number", "export again"
                )
            if bound.scale is None and bound.values.dtype != np.float32:
                raise walk.fail(node, f"its bound is {bound.values.dtype}", "export again")
            bounds[index] = float(value.reshape(-1)[0])
    return _bounded(walk, node, stage, *bounds)


def _sigmoid(walk: Walk, node: onnx.NodeProto, stage: Stage) -> Stage:
    def sigmoid(x: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        return (1.0 / (1.0 + np.exp(-x.astype(np.float64)))).astype(np.float32)

    return _Draft(label(node), quantized_input(walk, node, stage), sigmoid)


def _tanh(walk: Walk, node: onnx.NodeProto, stage: Stage) -> Stage:
    def tanh(x: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        return np.tanh(x.astype(np.float64)).astype(np.float32)

    return _Draft(label(node), quantized_input(walk, node, stage), tanh)


class LookupOperator(Operator):
    """A table of 256 bytes."""

    stem = "lookup"
    node_type = Lookup
    handlers = {  # noqa: RUF012
        "Clip": _clip,
        "Relu": _relu,
        "Sigmoid": _sigmoid,
        "Tanh": _tanh,
    }

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
