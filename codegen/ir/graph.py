"""Values, operators and the graph that they make: immutable, compared by identity.

A pass makes a new graph; what it does not touch, it shares with the old one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Self

from codegen.ir.preprocessing import Arithmetic
from codegen.ir.types import DType, Quantization, TensorType


@dataclass(frozen=True, eq=False)
class Value:
    """What one operator (or the caller) writes and any number of operators read.

    Two values are the same only when they are one object: names are for people.
    """

    name: str
    type: TensorType

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape, batch first, in the model's order of axes."""
        return self.type.shape

    @property
    def size(self) -> int:
        """Number of elements."""
        return self.type.size

    @property
    def bytes(self) -> int:
        """Number of bytes."""
        return self.type.bytes

    @property
    def dtype(self) -> DType:
        """The element type."""
        return self.type.dtype

    @property
    def quantization(self) -> Quantization:
        """Scale and zero point.

        Raises:
            ValueError: the value is not quantized.
        """
        if self.type.quantization is None:
            raise ValueError(f"value '{self.name}' of type {self.dtype.value} is not quantized")
        return self.type.quantization


def tensor(name: str, shape: tuple[int, ...], quantization: Quantization) -> Value:
    """A new int8 value."""
    return Value(name, TensorType(shape, quantization))


@dataclass(frozen=True, eq=False)
class Op:
    """What every operator has: its name in the model, the values it reads and those it writes.

    Subclasses are `@dataclass(frozen=True, eq=False)` too and live in `codegen/ops/`.
    """

    name: str
    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]

    @property
    def input(self) -> Value:
        """The only input.

        Raises:
            ValueError: there are several, or none.
        """
        (value,) = self.inputs
        return value

    @property
    def output(self) -> Value:
        """The only output.

        Raises:
            ValueError: there are several.
        """
        (value,) = self.outputs
        return value

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one inference."""
        return 0

    @property
    def content(self) -> tuple[bytes, ...]:
        """What decides the outputs beside types and edges: hashed for the model's identity."""
        return ()

    @property
    def activation(self) -> str:
        """A function that it computes besides, such as "ReLU"; empty for none."""
        return ""

    @property
    def detail(self) -> str:
        """What a report says of it beside kind and sizes, for example a fused ReLU."""
        return ""

    @property
    def operations(self) -> tuple[Op, ...]:
        """The model's operators that it stands for: itself, or those that a pass has fused."""
        return (self,)

    def with_inputs(self, inputs: Iterable[Value]) -> Self:
        """The same operator reading other values of the same types."""
        return replace(self, inputs=tuple(inputs))


@dataclass(frozen=True, eq=False)
class Fused(Op):
    """Several operators computed as one; what passes between them is nobody else's.

    Attributes:
        fused: the operators, in order of execution.
    """

    fused: tuple[Op, ...] = field(repr=False)

    @property
    def macs(self) -> int:
        """Multiply-accumulates of all of them."""
        return sum(op.macs for op in self.fused)

    @property
    def operations(self) -> tuple[Op, ...]:
        """The fused operators."""
        return self.fused


@dataclass(frozen=True)
class Graph:
    """A network: operators in an order in which each reads what is there already.

    Attributes:
        inputs, outputs: in the model's order.
        origin: the model file's base name, for reports.
        notes: what the reader took for granted, a sentence each, for the user.
        preprocessing: arithmetic on each float input before it is quantized; empty: none at all.
        normalization: arithmetic that makes each float input of data, before the model sees it;
            empty: nobody has said.
    """

    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]
    ops: tuple[Op, ...]
    origin: str
    notes: tuple[str, ...] = ()
    preprocessing: tuple[tuple[Arithmetic, ...], ...] = ()
    normalization: tuple[tuple[Arithmetic, ...], ...] = ()

    @property
    def input(self) -> Value:
        """The only input.

        Raises:
            ValueError: there are several.
        """
        (value,) = self.inputs
        return value

    @property
    def output(self) -> Value:
        """The only output.

        Raises:
            ValueError: there are several.
        """
        (value,) = self.outputs
        return value

    def arithmetic(self, index: int) -> tuple[Arithmetic, ...]:
        """What input `index` goes through in float32 before it is quantized."""
        return self.preprocessing[index] if self.preprocessing else ()

    def from_data(self, index: int) -> tuple[Arithmetic, ...]:
        """What data goes through in float32 before input `index` is quantized."""
        before = self.normalization[index] if self.normalization else ()
        return (*before, *self.arithmetic(index))

    @property
    def input_size(self) -> int:
        """Elements of all inputs."""
        return sum(value.size for value in self.inputs)

    @property
    def input_bytes(self) -> int:
        """Bytes of all inputs."""
        return sum(value.bytes for value in self.inputs)

    @property
    def output_bytes(self) -> int:
        """Bytes of all outputs."""
        return sum(value.bytes for value in self.outputs)

    @property
    def gives_scores(self) -> bool:
        """Its only output is bytes, of which the largest can be the class that a label names."""
        return len(self.outputs) == 1 and self.outputs[0].dtype is DType.INT8

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one inference, all operators."""
        return sum(op.macs for op in self.ops)

    @property
    def values(self) -> tuple[Value, ...]:
        """All values: inputs, then what the operators write, in order."""
        return (*self.inputs, *(value for op in self.ops for value in op.outputs))

    @cached_property
    def _users(self) -> Mapping[Value, tuple[Op, ...]]:
        found: dict[Value, list[Op]] = {value: [] for value in self.values}
        for op in self.ops:
            for value in dict.fromkeys(op.inputs):
                found[value].append(op)
        return {value: tuple(ops) for value, ops in found.items()}

    @cached_property
    def _producers(self) -> Mapping[Value, Op]:
        return {value: op for op in self.ops for value in op.outputs}

    def users(self, value: Value) -> tuple[Op, ...]:
        """The operators that read a value, in order, each once."""
        return self._users[value]

    def producer(self, value: Value) -> Op | None:
        """The operator that writes a value; None for the network's inputs."""
        return self._producers.get(value)

    def only_user(self, value: Value) -> Op | None:
        """The operator that alone sees a value, or None: several do, or it is an output."""
        users = self.users(value)
        return users[0] if len(users) == 1 and value not in self.outputs else None

    def rewritten(self, changes: Mapping[Op, Iterable[Op]], renamed: Mapping[Value, Value]) -> Self:
        """The graph with operators replaced where they stand, and values read in others' stead.

        Args:
            changes: operator → what stands in its place, which may be nothing.
            renamed: value → the value that its readers (and the network's ends) shall have.
        """
        ops: list[Op] = []
        for op in self.ops:
            for new in changes.get(op, (op,)):
                moved = any(value in renamed for value in new.inputs)
                inputs = (renamed.get(value, value) for value in new.inputs)
                ops.append(new.with_inputs(inputs) if moved else new)
        ends = [tuple(renamed.get(v, v) for v in end) for end in (self.inputs, self.outputs)]
        return replace(self, inputs=ends[0], outputs=ends[1], ops=tuple(ops))
