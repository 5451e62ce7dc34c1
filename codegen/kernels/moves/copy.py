"""Copies: where a view or an end of the network could not share its bytes."""

from __future__ import annotations

from dataclasses import dataclass

from codegen.ir.graph import Op
from codegen.kernels.kernel import Activity, Kernel, Lowered
from codegen.ops.copy import Copy
from codegen.ops.reshape import Reshape
from codegen.target import Target


@dataclass(frozen=True)
class Fields:
    """What the template names."""

    bytes: int


class Memcpy(Kernel):
    """memcpy."""

    def cost(self, op: Op, target: Target, activity: Activity) -> float:
        """A load and a store for a word."""
        return op.output.bytes / 2

    def lower(self, op: Op, target: Target) -> Lowered:
        """The number of bytes."""
        why = "its bytes are wanted in two places"
        return Lowered(op, "copy", self.name, why, fields=Fields(op.output.bytes))


class CopyKernel(Memcpy):
    """What a pass asked for."""

    op_type = Copy


class ReshapeKernel(Memcpy):
    """Where a reshape's bytes cannot stay where they are."""

    op_type = Reshape


KERNELS = (CopyKernel(), ReshapeKernel())
