"""What an operator is to this generator: how it is read and what it computes.

How it is computed on a processor is not its business: that is a kernel's (`codegen/kernels/`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from codegen.ir.graph import Op
from codegen.ir.types import Array
from codegen.reader.context import Handler


@dataclass(frozen=True)
class Alias:
    """An output and an input that hold the same bytes, when the planner can arrange it.

    Where it cannot, the operator's kernel moves the bytes.

    Attributes:
        input, output: which of the operator's.
        input_offset: bytes of the input before the output's first: a view of a part.
        output_offset: bytes of the output before the input's first: a part of a concatenation.
    """

    input: int = 0
    output: int = 0
    input_offset: int = 0
    output_offset: int = 0


class Operator(ABC):
    """One operator: reading, reference.

    Attributes:
        stem: file stem in codegen/ops, templates/ops and tests/ops.
        op_type: the class of its nodes in the graph.
        handlers: ONNX operator type → function that reads it.
        limits: what it takes and what not, for docs/operators.md; whole sentences.
        read_elsewhere: ONNX operator types that another operator's handlers read for this one.
        channels_last: whether its kernels want values of rank 3 and 4 channels last (True), in the
            model's order (False), or all alike in either order (None).
    """

    stem: ClassVar[str]
    op_type: ClassVar[type[Op]]
    handlers: ClassVar[Mapping[str, Handler]]
    limits: ClassVar[str] = ""
    read_elsewhere: ClassVar[tuple[str, ...]] = ()
    channels_last: ClassVar[bool | None] = None

    @abstractmethod
    def reference(self, op: Any, *inputs: Array) -> Array | tuple[Array, ...]:
        """Compute the outputs, [N, *shape[1:]] each, from inputs of that form.

        Shapes are the model's own, whatever the layout. This defines the bytes.
        """

    def aliases(self, op: Any) -> tuple[Alias, ...]:
        """Which outputs and inputs are the same bytes; none for an operator that computes."""
        return ()
