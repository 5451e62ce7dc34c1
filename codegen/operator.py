"""What an operator is to this generator: how it is read, computed and planned."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from codegen.graph import Int8Array, Node
from codegen.reader.walk import Handler


@dataclass(frozen=True)
class Constants:
    """A block of a layer's constants inside the network's weights array.

    Attributes:
        title: what it is, with shape and type, for the generated comment.
        data: little-endian bytes; padded to 4 by the planner.
        counted: part of the model's own weights and biases, not of the kernel's tables.
    """

    key: str
    title: str
    data: bytes
    counted: bool = True


@dataclass(frozen=True)
class Fused:
    """A layer inside a routine that computes several.

    Attributes:
        node: the typed node.
        kernel, why: as in `LayerPlan`.
        constants_bytes: bytes of its constants.
    """

    node: Node
    kernel: str
    why: str
    constants_bytes: int


@dataclass(frozen=True)
class LayerPlan:
    """How one node is computed on the target.

    Attributes:
        node: the typed node.
        stem: the operator's stem; `templates/ops/<stem>.c.j2` renders its call.
        kernel: name of the chosen kernel.
        why: the reason for the choice, one short phrase.
        constants: blocks in the order in which the kernel reads them.
        scratch: bytes of arena the kernel needs while it runs.
        late: bytes of arena it needs only once it has read all of its input, which it does before
            it writes any output: they may be the input's. None: it writes while it reads.
        values: what the template needs beyond the node.
        parts: the layers it computes, when it is more than one.
    """

    node: Node
    stem: str
    kernel: str
    why: str
    constants: tuple[Constants, ...] = ()
    scratch: int = 0
    values: Mapping[str, Any] = field(default_factory=dict)
    parts: tuple[Fused, ...] = ()
    late: int | None = None

    @property
    def layers(self) -> tuple[Fused, ...]:
        """What it computes, layer by layer."""
        own = Fused(self.node, self.kernel, self.why, sum(len(b.data) for b in self.constants))
        return self.parts or (own,)

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one inference."""
        return sum(part.node.macs for part in self.layers)


class Operator(ABC):
    """One operator: reading, reference, plan.

    Attributes:
        stem: file stem in codegen/ops, templates/ops and tests/ops.
        node_type: the typed node it computes.
        handlers: ONNX operator type → function that reads it.
        view: the output is the input's bytes, so nothing is computed.
    """

    stem: ClassVar[str]
    node_type: ClassVar[type[Node]]
    handlers: ClassVar[Mapping[str, Handler]]
    view: ClassVar[bool] = False

    @abstractmethod
    def reference(self, node: Any, inputs: Int8Array) -> Int8Array:
        """Compute int8 [N, input size] → int8 [N, output size]; this defines the bytes."""

    @abstractmethod
    def plan(self, node: Any) -> LayerPlan:
        """Choose the portable kernel and lay out its constants."""
