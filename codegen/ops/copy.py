"""Copy: the same bytes in another place; no model has it, the planner needs it."""

from __future__ import annotations

from dataclasses import dataclass

from codegen.ir.graph import Op
from codegen.ir.types import Array
from codegen.operator import Operator


@dataclass(frozen=True, eq=False)
class Copy(Op):
    """y = x, of one type."""


class CopyOperator(Operator):
    """All bytes move, none changes."""

    stem = "copy"
    op_type = Copy
    handlers = {}  # noqa: RUF012

    def reference(self, op: Copy, *inputs: Array) -> Array:
        """The same values."""
        return inputs[0]


OPERATOR = CopyOperator()
