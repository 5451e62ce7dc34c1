"""The state of a walk along the model: where the value stands between two nodes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx

from codegen.graph import Node, Quantization, Tensor
from codegen.reader.constants import AnyArray, Constant
from codegen.reader.load import MAX_ELEMENTS
from codegen.reader.text import shown
from support.errors import UserError

QUANTIZE_ALL = "quantize the whole network with onnxruntime's quantize_static, format QDQ"


@dataclass(frozen=True)
class FloatInput:
    """The network's float input, before its QuantizeLinear.

    Attributes:
        shape: as it is now, after the reshapes so far.
        given: as the model's input has it.
    """

    shape: tuple[int, ...]
    given: tuple[int, ...]


@dataclass(frozen=True)
class Integers:
    """Quantized integers, before a DequantizeLinear gives them their meaning.

    Attributes:
        dtype: int8 or uint8, as stored in the model.
        tensor: what they mean, when a QuantizeLinear made them.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    tensor: Tensor | None


@dataclass(frozen=True)
class Quantized:
    """The output of a DequantizeLinear: a float value that is an int8 tensor in truth."""

    tensor: Tensor


class Pending(ABC):
    """A computed float value that waits for its QuantizeLinear to become a node.

    Attributes:
        low, high: bounds of the real value, from a Relu or Clip that follows.
    """

    name: str
    shape: tuple[int, ...]
    low: float = -np.inf
    high: float = np.inf

    @abstractmethod
    def finish(self, output: Tensor) -> Node:
        """Return the node that writes `output`."""

    def clip(self, low: float, high: float) -> None:
        """Bound the value, as ONNX's Clip does: min(max(x, low), high)."""
        self.low, self.high = (min(max(b, low), high) for b in (self.low, self.high))

    @property
    def clipped(self) -> bool:
        """A Relu or Clip was fused."""
        return (self.low, self.high) != (-np.inf, np.inf)

    def clamp(self, output: Quantization) -> tuple[int, int]:
        """The bounds as bytes of the output.

        QuantizeLinear never decreases, so quantize(clip(x)) = clamp(quantize(x)).
        """
        low, high = output.quantize(np.array([self.low, self.high], np.float32))
        return int(low), int(high)

    def unquantized_output(self) -> Tensor | None:
        """The output tensor when the model ends here without a QuantizeLinear.

        None, unless the operator has a natural output quantization.
        """
        return None


Stage = FloatInput | Integers | Quantized | Pending


@dataclass
class Walk:
    """A walk along a straight-line model.

    Attributes:
        path: the model file, for messages.
        constants: every constant met so far, by ONNX name.
        nodes: the typed nodes found so far.
        elements: how many more elements of constants may be computed.
    """

    path: str
    constants: dict[str, Constant]
    nodes: list[Node] = field(default_factory=list)
    elements: int = 4 * MAX_ELEMENTS

    def fail(self, node: onnx.NodeProto, message: str, remedy: str) -> UserError:
        """An error that names file, node and operator."""
        where = f"node '{label(node)}' ({shown(node.op_type)})"
        return UserError(f"{self.path}: {where}: {message}", remedy)

    def constant(self, node: onnx.NodeProto, index: int, what: str) -> Constant:
        """The constant that is operand `index` of `node`."""
        name = node.input[index] if index < len(node.input) else ""
        found = self.constants.get(name)
        if found is None:
            raise self.fail(
                node, f"{what} is not a constant of the model", "export with constant weights"
            )
        return found

    def plain(self, node: onnx.NodeProto, index: int, what: str) -> AnyArray:
        """The same, when it has to be an array that is not quantized."""
        found = self.constant(node, index, what)
        if found.scale is not None:
            raise self.fail(node, f"{what} is quantized", "export the model again")
        return found.values

    def claim(self, node: onnx.NodeProto, elements: int) -> None:
        """Account for constants that `node` makes: sharing one must not multiply memory."""
        self.elements -= elements
        if self.elements < 0:
            raise self.fail(
                node,
                f"the constants together have more than {4 * MAX_ELEMENTS:,} elements",
                "this tool is for networks that fit a microcontroller",
            )

    def emit(self, node: Node) -> Quantized:
        """Append a typed node; the walk goes on from its output."""
        self.nodes.append(node)
        return Quantized(node.output)


# A handler takes the walk, an ONNX node and the stage before it, and returns the stage after it.
Handler = Callable[[Walk, onnx.NodeProto, Stage], Stage]


def label(node: onnx.NodeProto) -> str:
    """A node's name, or its first output when it has none, fit for one line."""
    return shown(node.name or (node.output[0] if node.output else "") or "unnamed")


def integer(walk: Walk, node: onnx.NodeProto, name: str, default: int) -> int:
    """An integer attribute, or its default.

    Raises:
        UserError: the attribute has another type.
    """
    for entry in node.attribute:
        if entry.name == name:
            if entry.type != onnx.AttributeProto.INT:
                raise walk.fail(node, f"attribute '{name}' is no integer", "export again")
            return int(entry.i)
    return default


def number(walk: Walk, node: onnx.NodeProto, name: str, default: float) -> float:
    """A float attribute, or its default.

    Raises:
        UserError: the attribute has another type, or is not finite.
    """
    for entry in node.attribute:
        if entry.name == name:
            if entry.type != onnx.AttributeProto.FLOAT or not np.isfinite(entry.f):
                raise walk.fail(node, f"attribute '{name}' is no number", "export again")
            return float(entry.f)
    return default


def quantized_input(walk: Walk, node: onnx.NodeProto, stage: Stage) -> Tensor:
    """The int8 tensor that `node` reads.

    Raises:
        UserError: its input is a float value without QuantizeLinear and DequantizeLinear.
    """
    if isinstance(stage, Quantized):
        return stage.tensor
    if isinstance(stage, Integers):
        raise walk.fail(
            node,
            "its input is integers without a DequantizeLinear",
            "use the QDQ format, not QOperator",
        )
    before = f" after '{stage.name}'" if isinstance(stage, Pending) else ""
    raise walk.fail(
        node,
        f"its input is not quantized: no QuantizeLinear/DequantizeLinear pair{before}",
        QUANTIZE_ALL,
    )
