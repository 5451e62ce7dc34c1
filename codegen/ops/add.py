"""Add of a constant: the bias right after a MatMul, or a step of its own between quantized tensors.

onnxruntime's quantizer leaves a dense layer exported as MatMul and Add in two quantized steps.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import onnx

from codegen.graph import Float32Array, Int8Array, Node, Tensor
from codegen.literals import c_float
from codegen.operator import Constants, LayerPlan, Operator
from codegen.ops import fully_connected
from codegen.reader.walk import Pending, Stage, Walk, label, quantized_input


@dataclass(frozen=True)
class AddConstant(Node):
    """y = quantize(dequantize(x) + addend), each step in float32 as ONNX has it.

    Attributes:
        addend: float32 [size].
        low, high: clamp of the output bytes, from a fused ReLU or Clip.
    """

    addend: Float32Array = field(repr=False)
    low: int = -128
    high: int = 127

    @property
    def content(self) -> tuple[bytes, ...]:
        """The constant and the clamp, for the model's identity."""
        return self.addend.astype("<f4").tobytes(), bytes([self.low & 0xFF, self.high & 0xFF])


@dataclass
class _Draft(Pending):
    """A sum whose output quantization is not known yet."""

    name: str
    source: Tensor
    addend: Float32Array

    def __post_init__(self) -> None:
        self.shape = self.source.shape

    def finish(self, output: Tensor) -> Node:
        """The typed node."""
        low, high = self.clamp(output.quantization)
        return AddConstant(self.name, self.source, output, self.addend, low, high)


def _add(walk: Walk, node: onnx.NodeProto, stage: Stage) -> Stage:
    index = 0 if node.input[0] in walk.constants else 1
    if isinstance(stage, fully_connected.Draft) and stage.bias is None and not stage.clipped:
        stage.add_bias(node, index)
        return stage
    source = quantized_input(walk, node, stage)
    addend = walk.constant(node, index, "its operand")
    if addend.scale is None and addend.values.dtype != np.float32:
        raise walk.fail(node, f"adds {addend.values.dtype} to a float value", "export again")
    real = addend.real()
    if not np.isfinite(real).all():
        raise walk.fail(node, "adds values that are not finite", "train the model again")
    if real.ndim > len(source.shape) or any(
        size not in (1, given)
        for size, given in zip(real.shape[::-1], source.shape[::-1], strict=False)
    ):
        raise walk.fail(
            node,
            f"adds shape {list(real.shape)} to shape {list(source.shape)}",
            "add a constant of the same shape",
        )
    walk.claim(node, source.size)
    return _Draft(label(node), source, np.broadcast_to(real, source.shape).reshape(-1).copy())


class AddOperator(Operator):
    """Element-wise, in float32: one multiplication, one addition, one division."""

    stem = "add"
    node_type = AddConstant
    handlers = {"Add": _add}  # noqa: RUF012

    def reference(self, node: AddConstant, inputs: Int8Array) -> Int8Array:
        """docs/numerics.md, "Add"."""
        source, output = node.input.quantization, node.output.quantization
        with np.errstate(over="ignore"):
            real = (inputs.astype(np.int32) - source.zero_point).astype(np.float32) * source.scale
            return np.clip(output.quantize(real + node.addend), node.low, node.high)

    def plan(self, node: AddConstant) -> LayerPlan:
        """One loop over the constant."""
        block = Constants(
            "addend",
            f"addend, float32 [{node.output.size}]",
            node.addend.astype("<f4").tobytes(),
        )
        return LayerPlan(
            node,
            self.stem,
            "portable",
            "float32, as ONNX computes it",
            (block,),
            values={
                "size": node.output.size,
                "input_scale": c_float(node.input.quantization.scale),
                "input_zero_point": node.input.quantization.zero_point,
                "output_scale": c_float(node.output.quantization.scale),
                "output_zero_point": node.output.quantization.zero_point,
                "low": node.low,
                "high": node.high,
            },
        )


OPERATOR = AddOperator()
