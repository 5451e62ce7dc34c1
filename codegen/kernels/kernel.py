"""What a kernel is: which operations it can compute on a processor, at what cost, and how."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from codegen.ir.graph import Op, Value
from codegen.ir.types import Array
from codegen.memory.places import Weights
from codegen.target import Target

# Code that the network gets of its own: its name, and most bytes. Of one name it is there once.
Piece = tuple[str, int]
# Every value's elements for typical inputs, as the reference has them; empty without any.
Activity = Mapping[Value, Array]


@dataclass(frozen=True)
class Constants:
    """A block of an operation's constants inside the network's weights.

    Attributes:
        title: what it is, with shape and type, for the generated comment.
        data: little-endian bytes; padded to 4 by the planner.
        counted: part of the model's own weights and biases, not of the kernel's tables.
        member: of a fused operation, which of its members reads it.
    """

    key: str
    title: str
    data: bytes
    counted: bool = True
    member: int = 0


@dataclass(frozen=True)
class Places:
    """Where a kernel's own bytes lie.

    Attributes:
        constants: of each block of `Lowered.constants`, in order; those of one part lie in one
            block of the weights.
        scratch, late: arena offsets; 0 where there are none.
    """

    constants: tuple[Weights, ...]
    scratch: int
    late: int


@dataclass(frozen=True)
class Overlap:
    """An input that may share bytes with output 0, when nothing else reads it later.

    Safe where the input begins at least `distance` bytes behind the output: no unit of the kernel
    writes a byte that a later unit reads. 0 is in place, negative lets the input begin before the
    output.

    Attributes:
        input: which of the operation's.
        exact: safe at `distance` only, not beyond.
    """

    input: int
    distance: int
    exact: bool = False


@dataclass(frozen=True)
class Layer:
    """One of the model's operations in what a kernel computes; a row of the manifest.

    Attributes:
        kernel: name of its kernel.
        why: the reason for the choice, one short phrase.
        constants_bytes: bytes of its constants.
        instructions: estimated, of one inference.
    """

    op: Op
    kernel: str
    why: str
    constants_bytes: int
    instructions: float = 0.0


@dataclass(frozen=True)
class Lowered:
    """How one operation is computed.

    Attributes:
        stem: `templates/ops/<stem>.c.j2` renders its call.
        kernel, why: as in `Layer`.
        constants: blocks in the order in which the kernel reads them.
        scratch: bytes of arena that the kernel needs while it runs.
        late: bytes of arena it needs only once it has read all of its inputs, which it does before
            it writes any output: they may be the inputs'. None: it writes while it reads.
        overlaps: inputs that may share bytes with the output.
        input_in_scratch: input 0 may share bytes with the scratch where it begins at least so many
            bytes behind it; None: nowhere.
        output_in_scratch: whether output 0 may lie anywhere in the scratch, which is no longer
            needed when it is written.
        sources: which of firmware/runtime/kernels/nn_<…>.c it calls; empty: the stem's.
        own_code: code that the network itself gets for it, name and most bytes; of one name it is
            there once.
        fields: what the template needs beyond the operation: a dataclass of the kernel's; with
            routines it has their most `code_bytes`, and what tells them apart, `routine`.
        members: one for each of the model's operations, when it is more than one.
        tables: bytes of RAM, beside the arena, that `templates/ops/<stem>.c.j2` makes at init.
        routines: whether the network gets routines of its own for it, which the template
            `templates/ops/<stem>.S.j2` renders.
        described: how many layers the C describes, each in a structure of its own.
        passed: of layers in one pass, their own lowerings, in order; None: it has none.
        instructions, cycles: estimated, of one inference; the registry asks the kernel.
        slower: estimated cycles that this form takes beyond the kernel's fastest.
        at_once: rows of output that it computes together, however few are wanted.
    """

    op: Op
    stem: str
    kernel: str
    why: str
    constants: tuple[Constants, ...] = ()
    scratch: int = 0
    late: int | None = None
    overlaps: tuple[Overlap, ...] = ()
    input_in_scratch: int | None = None
    output_in_scratch: bool = False
    fields: Any = None
    members: tuple[Layer, ...] = ()
    tables: int = 0
    routines: bool = False
    described: int = 1
    passed: tuple[Lowered | None, ...] = ()
    sources: tuple[str, ...] = ()
    own_code: tuple[Piece, ...] = ()
    instructions: float = 0.0
    cycles: float = 0.0
    slower: float = 0.0
    at_once: int = 1

    @property
    def files(self) -> tuple[str, ...]:
        """Which of firmware/runtime/kernels/nn_<…>.c it calls."""
        return self.sources or (self.stem,)

    @property
    def code(self) -> frozenset[Piece]:
        """All code that the network gets of its own for it, routines too."""
        parts = [each for each in (self, *self.passed) if each is not None and each.routines]
        routines = ((f"routines {each.fields.routine}", each.fields.code_bytes) for each in parts)
        return frozenset((*self.own_code, *routines))

    @property
    def layers(self) -> tuple[Layer, ...]:
        """What it computes, operation by operation."""
        size = sum(len(block.data) for block in self.constants)
        own = Layer(self.op, self.kernel, self.why, size, self.instructions)
        return self.members or (own,)


class Routines(ABC):
    """Fields of a kernel whose routines are generated for each network."""

    @abstractmethod
    def placed(self, prefix: str, numbers: Sequence[int], places: Places) -> dict[str, Any]:
        """What the templates see: `layers`, each with its `number` and `symbol`, and `stack`.

        Args:
            prefix: of the symbols.
            numbers: of the layers in their network.
        """


class Kernel(ABC):
    """One way to compute one kind of operation.

    Attributes:
        name: unique among the kernels of an operation, for reports and `--kernels`.
        op_type: the class of operations that it computes.
        portable: plain C for any processor; `kernels=portable` takes no other.
        expands: makes tables in RAM, see `tables`.
    """

    name: ClassVar[str] = "portable"
    portable: ClassVar[bool] = True
    expands: ClassVar[bool] = False
    op_type: ClassVar[type[Op]]

    def fits(self, op: Any, target: Target) -> str:
        """Why it cannot compute this operation there; empty when it can."""
        return ""

    def tables(self, op: Any, target: Target) -> int:
        """Bytes of RAM for tables that it makes at init, of an operation that it can compute."""
        return 0

    @abstractmethod
    def cost(self, op: Any, target: Target, activity: Activity) -> float:
        """Estimated cycles of one inference; the cheapest kernel that fits is taken."""

    def instructions(self, op: Any, target: Target, activity: Activity) -> float:
        """Estimated instructions of one inference, as an emulator counts them: for people."""
        return self.cost(op, target, activity)

    @abstractmethod
    def lower(self, op: Any, target: Target) -> Lowered:
        """Lay out constants and everything else that the template and the planner need."""

    def in_strips(self, op: Any, target: Target, count: int) -> tuple[Lowered, ...]:
        """How it makes up to `count` rows of its output from an image of only the rows that these
        need; empty: it cannot."""
        return ()

    def forms(self, op: Any, target: Target) -> tuple[Lowered, ...]:
        """`lower`, and slower forms that need less memory, each with what it costs in `slower`."""
        return (self.lower(op, target),)
