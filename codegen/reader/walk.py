"""The state of a walk along the model: where the value stands between two nodes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field

import onnx

from codegen.graph import Node, Tensor
from codegen.reader.constants import Constant, read_tensor
from support.errors import UserError


@dataclass(frozen=True)
class FloatInput:
    """The network's float input, before its QuantizeLinear.

    Attributes:
        shape: as it stands here, after reshapes of the float value.
        given: the shape that the model declares; it stays the network's input shape.
    """

    shape: tuple[int, ...]
    given: tuple[int, ...]


@dataclass(frozen=True)
class Integers:
    """Quantized integers, before a DequantizeLinear gives them their meaning."""

    shape: tuple[int, ...]
    tensor: Tensor | None


@dataclass(frozen=True)
class Quantized:
    """The output of a DequantizeLinear: a float value that is an int8 tensor in truth."""

    tensor: Tensor


class Pending(ABC):
    """A computed float value that waits for its QuantizeLinear to become a node."""

    name: str
    shape: tuple[int, ...]

    @abstractmethod
    def finish(self, output: Tensor) -> Node:
        """Return the node that writes `output`."""

    def unquantized_output(self) -> Tensor:
        """The output tensor when the model ends here without a QuantizeLinear.

        Raises:
            UserError: unless the operator has a natural output quantization.
        """
        raise UserError(
            f"node '{self.name}': the model's output is not quantized",
            "quantize the whole model (QDQ, also the output)",
        )


Stage = FloatInput | Integers | Quantized | Pending


@dataclass
class Walk:
    """A walk along a straight-line model.

    Attributes:
        path: the model file, for messages.
        constants: every constant met so far, by ONNX name.
        nodes: the typed nodes found so far.
    """

    path: str
    constants: dict[str, Constant]
    nodes: list[Node] = field(default_factory=list)

    def fail(self, node: onnx.NodeProto, message: str, remedy: str) -> UserError:
        """An error that names file, node and operator."""
        return UserError(f"{self.path}: node '{label(node)}' ({node.op_type}): {message}", remedy)

    def constant(self, node: onnx.NodeProto, index: int, what: str) -> Constant:
        """The constant that is operand `index` of `node`."""
        name = node.input[index] if index < len(node.input) else ""
        found = self.constants.get(name)
        if found is None:
            raise self.fail(
                node, f"{what} is not a constant of the model", "export with constant weights"
            )
        return found

    def emit(self, node: Node) -> Quantized:
        """Append a typed node; the walk goes on from its output."""
        self.nodes.append(node)
        return Quantized(node.output)


# A handler takes the walk, an ONNX node and the stage before it, and returns the stage after it.
Handler = Callable[[Walk, onnx.NodeProto, Stage], Stage]


def label(node: onnx.NodeProto) -> str:
    """A node's name, or its first output when it has none."""
    return node.name or (node.output[0] if node.output else "unnamed")


def attribute(node: onnx.NodeProto, name: str, default: float) -> float:
    """A numeric attribute, or its default."""
    for entry in node.attribute:
        if entry.name == name:
            return float(entry.f if entry.type == onnx.AttributeProto.FLOAT else entry.i)
    return default


def constant_node(node: onnx.NodeProto, path: str) -> Constant:
    """The value of a Constant node."""
    for entry in node.attribute:
        if entry.name == "value":
            return Constant(read_tensor(entry.t, f"{path}: constant '{label(node)}'"))
    raise UserError(
        f"{path}: node '{label(node)}' (Constant): only tensor values are supported",
        "export the model again with opset 17",
    )
