"""What the reader knows while it goes through a model: constants, operators, the network's ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx

from codegen.ir.graph import Op, Value, tensor
from codegen.ir.preprocessing import Arithmetic
from codegen.ir.types import Quantization
from codegen.reader.constants import AnyArray, Constant
from codegen.reader.load import MAX_ELEMENTS
from codegen.reader.stages import Indices, Integers, Moved, Pending, Quantized, Stage
from codegen.reader.survey import NodeError, Survey
from codegen.reader.text import shown
from support.errors import UserError

QUANTIZE_ALL = "quantize the whole network with onnxruntime's quantize_static, format QDQ"
# What a quantizer does not know, it leaves as it was.
LEFT_IN_FLOAT = (
    "quantize what it reads and writes: a QuantizeLinear and a DequantizeLinear there, which "
    "quantizers leave out around operators that they do not know; or end the network before it "
    "(onnx.utils.extract_model) and compute the rest from its outputs"
)


@dataclass(frozen=True)
class ModelInput:
    """An input as the model declares it, with batch 1."""

    name: str
    shape: tuple[int, ...]


@dataclass
class Context:
    """The reading of one model.

    Attributes:
        path: the model file, for messages.
        inputs: the model's inputs, in its order.
        constants: every constant met so far, by ONNX name.
        ops: the operators found so far; each reads what stands before it.
        notes: what was taken for granted, a sentence each.
        elements: how many more elements of constants may be computed.
        shapes_may_differ: a pool with `ceil_mode` has dropped a window that begins in the padding,
            as onnxruntime does; onnx's own shape inference counts it, so shapes that the model
            declares may be larger.
        survey: reading goes on behind a node that cannot be read, and notes it here.
    """

    path: str
    inputs: tuple[ModelInput, ...]
    constants: dict[str, Constant]
    ops: list[Op] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    elements: int = 4 * MAX_ELEMENTS
    shapes_may_differ: bool = False
    survey: Survey | None = None
    _ends: dict[int, Value] = field(default_factory=dict)
    _arithmetic: dict[int, tuple[Arithmetic, ...]] = field(default_factory=dict)
    _finished: dict[tuple[Pending, Quantization], Value] = field(default_factory=dict)

    def fail(self, node: onnx.NodeProto, message: str, remedy: str) -> NodeError:
        """An error that names file, node and operator."""
        where = f"node '{label(node)}' ({shown(node.op_type)})"
        return NodeError(f"{self.path}: {where}", label(node), shown(node.op_type), message, remedy)

    @contextmanager
    def surveying(self, node: onnx.NodeProto) -> Iterator[None]:
        """Note what is wrong with a node, where there is a survey, instead of raising it."""
        try:
            yield
        except UserError as error:
            if self.survey is None:
                raise
            self.survey.note(label(node), shown(node.op_type), error, node.output)

    def is_constant(self, node: onnx.NodeProto, index: int) -> bool:
        """Whether operand `index` is a constant of the model."""
        return index < len(node.input) and node.input[index] in self.constants

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

    def input_value(
        self,
        node: onnx.NodeProto,
        index: int,
        quantization: Quantization,
        arithmetic: tuple[Arithmetic, ...] = (),
    ) -> Value:
        """The network's input `index`, quantized so after some arithmetic.

        Raises:
            UserError: another node quantizes the same input otherwise.
        """
        model = self.inputs[index]
        value = self._ends.setdefault(index, tensor(model.name, model.shape, quantization))
        before = self._arithmetic.setdefault(index, arithmetic)
        alike = [step.content for step in before] == [step.content for step in arithmetic]
        if value.quantization != quantization or not alike:
            raise self.fail(
                node,
                f"quantizes input '{shown(model.name)}' otherwise than another node does",
                "quantize the input once",
            )
        return value

    def read_inputs(self) -> tuple[Value, ...]:
        """The network's inputs, in the model's order.

        Raises:
            UserError: one that nobody reads.
        """
        for index, model in enumerate(self.inputs):
            if index not in self._ends:
                raise UserError(
                    f"{self.path}: input '{shown(model.name)}' is not used, or never quantized",
                    "leave it out of the model, or quantize it",
                )
        return tuple(self._ends[index] for index in range(len(self.inputs)))

    @property
    def preprocessing(self) -> tuple[tuple[Arithmetic, ...], ...]:
        """Arithmetic before the quantization, for each of the model's inputs."""
        return tuple(self._arithmetic.get(index, ()) for index in range(len(self.inputs)))

    def emit(self, op: Op) -> Quantized:
        """Append an operator with one output; reading goes on from there."""
        self.append(op)
        return Quantized(op.output)

    def append(self, op: Op) -> None:
        """Append an operator.

        Raises:
            UserError: it writes more elements than any network that fits: shapes multiply.
        """
        for value in op.outputs:
            if value.size > MAX_ELEMENTS:
                raise UserError(
                    f"{self.path}: node '{shown(op.name)}': its result of shape "
                    f"{list(value.shape)} has more than {MAX_ELEMENTS:,} elements",
                    "this tool is for networks that fit a microcontroller",
                )
        self.ops.append(op)

    def finish(self, stage: Pending, name: str, quantization: Quantization) -> Value:
        """The value of a pending stage quantized so; two that ask for the same get the same."""
        key = (stage, quantization)
        if key not in self._finished:
            if isinstance(stage, Moved):
                value = stage.move(self.finish(stage.inner, name, quantization))
            else:
                value = tensor(name, stage.shape, quantization)
                self.append(stage.finish(value))
            self._finished[key] = value
        return self._finished[key]


# A handler takes the context, an ONNX node and a stage for each of the node's operands (None for
# constants and for operands that are left out), and returns the stage of its output, or a tuple of
# stages when it has several.
Handler = Callable[[Context, onnx.NodeProto, Sequence[Stage | None]], "Stage | tuple[Stage, ...]"]


def label(node: onnx.NodeProto) -> str:
    """A node's name, or its first output when it has none, fit for one line."""
    return shown(node.name or (node.output[0] if node.output else "") or "unnamed")


def integer(context: Context, node: onnx.NodeProto, name: str, default: int) -> int:
    """An integer attribute, or its default.

    Raises:
        UserError: the attribute has another type.
    """
    found = _attribute(context, node, name, onnx.AttributeProto.INT, "no integer")
    return default if found is None else int(found.i)


def integers(
    context: Context, node: onnx.NodeProto, name: str, default: Sequence[int]
) -> tuple[int, ...]:
    """An attribute of several integers, or its default.

    Raises:
        UserError: the attribute has another type.
    """
    found = _attribute(context, node, name, onnx.AttributeProto.INTS, "no list of integers")
    return tuple(default) if found is None else tuple(int(i) for i in found.ints)


def number(context: Context, node: onnx.NodeProto, name: str, default: float) -> float:
    """A float attribute, or its default.

    Raises:
        UserError: the attribute has another type, or is not finite.
    """
    found = _attribute(context, node, name, onnx.AttributeProto.FLOAT, "no number")
    if found is not None and not np.isfinite(found.f):
        raise context.fail(node, f"attribute '{name}' is no number", "export again")
    return default if found is None else float(found.f)


def text(context: Context, node: onnx.NodeProto, name: str, default: str) -> str:
    """A text attribute, fit for one line, or its default.

    Raises:
        UserError: the attribute has another type, or is not text.
    """
    found = _attribute(context, node, name, onnx.AttributeProto.STRING, "no text")
    return default if found is None else shown(found.s.decode("utf-8", errors="replace"))


def _attribute(
    context: Context, node: onnx.NodeProto, name: str, kind: Any, wrong: str
) -> onnx.AttributeProto | None:
    for entry in node.attribute:
        if entry.name == name:
            if entry.type != kind:
                raise context.fail(node, f"attribute '{name}' is {wrong}", "export again")
            return entry
    return None


def quantized_input(
    context: Context, node: onnx.NodeProto, stages: Sequence[Stage | None], index: int = 0
) -> Value:
    """The int8 value that operand `index` of a node is.

    Raises:
        UserError: it is a constant, missing, or a float value without QuantizeLinear and
            DequantizeLinear.
    """
    stage = stages[index] if index < len(stages) else None
    if isinstance(stage, Quantized):
        return stage.value
    if stage is None:
        ordinal = ("first", "second", "third")[index] if index < 3 else f"{index + 1}th"
        raise context.fail(
            node,
            f"its {ordinal} operand is a constant",
            "give it as a further input of the network, or use Add or Mul, which take constants",
        )
    if isinstance(stage, Integers):
        raise context.fail(
            node,
            "its input is integers without a DequantizeLinear",
            "use the QDQ format, not QOperator",
        )
    if isinstance(stage, Indices):
        raise context.fail(
            node, "its input is positions along an axis, not numbers", "end the network before it"
        )
    before = f" after '{stage.name}'" if isinstance(stage, Pending) else ""
    raise context.fail(
        node,
        f"its input is not quantized: no QuantizeLinear/DequantizeLinear pair{before}",
        LEFT_IN_FLOAT,
    )


def moved(
    context: Context,
    node: onnx.NodeProto,
    stages: Sequence[Stage | None],
    shape: tuple[int, ...],
    move: Callable[[Value], Value],
) -> Stage:
    """The stage behind a node that only moves elements of operand 0, quantized already or not.

    Args:
        move: emits the operation for an int8 value; returns what it writes.

    Raises:
        UserError: operand 0 is an input that nobody has quantized yet, or integers.
    """
    stage = only_stage(context, node, stages)
    if isinstance(stage, Pending):
        return Moved(name=label(node), shape=shape, inner=stage, move=move)
    return Quantized(move(quantized_input(context, node, [stage])))


def quantization_of(context: Context, node: onnx.NodeProto, source: Value) -> Quantization:
    """How the value is quantized that a node moves or chooses from.

    Raises:
        UserError: it is float32: sums that are the model's output.
    """
    if source.type.quantization is None:
        raise context.fail(node, "its result is the model's output, and is float32", LEFT_IN_FLOAT)
    return source.type.quantization


def only_stage(context: Context, node: onnx.NodeProto, stages: Sequence[Stage | None]) -> Stage:
    """The stage of operand 0, the only one that may vary.

    Raises:
        UserError: operand 0 is a constant, or another operand is not.
    """
    if not stages or stages[0] is None:
        raise context.fail(node, "its first operand is a constant", "export the model again")
    others = [index for index, stage in enumerate(stages) if stage is not None and index > 0]
    if others:
        name = shown(node.input[others[0]])
        raise context.fail(
            node,
            f"operand '{name}' is not a constant of the model",
            "export with constant operands",
        )
    return stages[0]
