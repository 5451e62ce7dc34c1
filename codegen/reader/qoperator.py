"""QOperator nodes as the Q, DQ and float nodes that mean the same: one graph for both formats.

Sources: ONNX operator specification, QLinearConv, QLinearMatMul; onnxruntime,
docs/ContribOperators.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import onnx
from onnx import helper

from codegen.reader.context import Context

DOMAIN = "com.microsoft"
Nodes = list[onnx.NodeProto]


class _Writer:
    """Nodes in the stead of one; their names begin with that of its output."""

    def __init__(self, context: Context, node: onnx.NodeProto) -> None:
        self.context = context
        self.node = node
        self.nodes: Nodes = []

    def operand(self, index: int) -> str:
        """The name of operand `index`, or "" where it is left out."""
        return self.node.input[index] if index < len(self.node.input) else ""

    def add(self, op: str, inputs: Sequence[str], output: str = "", **attributes: Any) -> str:
        """A node; returns the name of what it writes."""
        name = output or f"{self.node.output[0]} {len(self.nodes)}"
        while inputs and not inputs[-1]:
            inputs = inputs[:-1]
        made = helper.make_node(op, list(inputs), [name], self.node.name, **attributes)
        self.nodes.append(made)
        return name

    def real(self, first: int, **attributes: Any) -> str:
        """Operands first, first + 1 and first + 2, values, scale and zero point, dequantized."""
        return self.add(
            "DequantizeLinear", [self.operand(first + i) for i in range(3)], **attributes
        )

    def bias(self, index: int, scales: tuple[int, int]) -> str:
        """Operand `index`, int32 at the product of two scales, dequantized; "": left out."""
        if not self.operand(index):
            return ""
        scale = self.add("Mul", [self.operand(each) for each in scales])
        return self.add("DequantizeLinear", [self.operand(index), scale], axis=0)

    def quantize(self, value: str, first: int) -> None:
        """The node's output: `value` quantized by operands first (scale) and first + 1."""
        operands = [value, self.operand(first), self.operand(first + 1)]
        self.add("QuantizeLinear", operands, self.node.output[0])

    def kept(self, *left_out: str) -> dict[str, Any]:
        """The node's attributes, but for some."""
        return {
            entry.name: helper.get_attribute_value(entry)
            for entry in self.node.attribute
            if entry.name not in left_out
        }

    def number(self, name: str, default: float) -> float:
        """An attribute that is a number, or its default."""
        found = self.kept().get(name, default)
        return float(found) if isinstance(found, int | float) else default


def _conv(w: _Writer) -> None:
    operands = [w.real(0), w.real(3, axis=0), w.bias(8, (1, 4))]
    w.quantize(w.add("Conv", operands, **w.kept()), 6)


def _matmul(w: _Writer) -> None:
    w.quantize(w.add("MatMul", [w.real(0), w.real(3, axis=1)]), 6)


def _gemm(w: _Writer) -> None:
    axis = 0 if w.number("transB", 0) else 1
    operands = [w.real(0), w.real(3, axis=axis), w.bias(6, (1, 4))]
    if w.operand(7):
        w.quantize(w.add("Gemm", operands, **w.kept()), 7)
    else:
        w.add("Gemm", operands, w.node.output[0], **w.kept())


def _of_two(op: str) -> Callable[[_Writer], None]:
    return lambda w: w.quantize(w.add(op, [w.real(0), w.real(3)]), 6)


def _of_one(op: str) -> Callable[[_Writer], None]:
    def write(w: _Writer) -> None:
        if w.number("channels_last", 0):
            raise w.context.fail(w.node, "channels_last is not supported", "quantize in QDQ format")
        w.quantize(w.add(op, [w.real(0)], **w.kept("channels_last", "opset")), 3)

    return write


def _concat(w: _Writer) -> None:
    values = [w.real(first) for first in range(2, len(w.node.input), 3)]
    w.quantize(w.add("Concat", values, **w.kept()), 0)


# Operator → its domain, the fewest operands, how it is written.
_FORMS: Mapping[str, tuple[str, int, Callable[[_Writer], None]]] = {
    "QLinearConv": ("", 8, _conv),
    "QLinearMatMul": ("", 8, _matmul),
    "QGemm": (DOMAIN, 6, _gemm),
    "QLinearAdd": (DOMAIN, 7, _of_two("Add")),
    "QLinearMul": (DOMAIN, 7, _of_two("Mul")),
    "QLinearAveragePool": (DOMAIN, 4, _of_one("AveragePool")),
    "QLinearConcat": (DOMAIN, 5, _concat),
    "QLinearGlobalAveragePool": (DOMAIN, 4, _of_one("GlobalAveragePool")),
    "QLinearLeakyRelu": (DOMAIN, 4, _of_one("LeakyRelu")),
    "QLinearReduceMean": (DOMAIN, 4, _of_one("ReduceMean")),
    "QLinearSigmoid": (DOMAIN, 4, _of_one("Sigmoid")),
    "QLinearSoftmax": (DOMAIN, 4, _of_one("Softmax")),
}
CONTRIBUTED = {op for op, (domain, _, _) in _FORMS.items() if domain}


def in_qdq(context: Context, nodes: Sequence[onnx.NodeProto]) -> Nodes:
    """The nodes, those of QOperator format replaced.

    Raises:
        UserError: one with too few operands.
    """
    found: Nodes = []
    for node in nodes:
        domain, fewest, write = _FORMS.get(node.op_type, (None, 0, None))
        if write is None or node.domain not in (domain, "ai.onnx" if domain == "" else domain):
            found.append(node)
            continue
        if len(node.input) < fewest or not node.output or not node.output[0]:
            raise context.fail(
                node, f"has {len(node.input)} operands, not {fewest} or more", "export again"
            )
        writer = _Writer(context, node)
        write(writer)
        found += writer.nodes
    return found
