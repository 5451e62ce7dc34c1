"""ArgMax in plain C: firmware/runtime/kernels/nn_arg_max.c."""

from __future__ import annotations

from dataclasses import dataclass

from codegen.kernels.kernel import Activity, Kernel, Lowered
from codegen.ops.arg_max import ArgMax
from codegen.target import Target


@dataclass(frozen=True)
class Fields:
    """What the template names."""

    outer: int
    size: int
    inner: int
    smallest: bool
    last: bool


class ArgMaxKernel(Kernel):
    """One loop along the axis for each position of the others."""

    op_type = ArgMax

    def cost(self, op: ArgMax, target: Target, activity: Activity) -> float:
        """A load, a comparison, two conditional moves."""
        return 7.0 * op.input.size

    def lower(self, op: ArgMax, target: Target) -> Lowered:
        """No constants."""
        return Lowered(
            op=op,
            stem="arg_max",
            kernel=self.name,
            why="plain C, any processor",
            fields=Fields(*op.input.type.along(op.axis), op.smallest, op.last),
        )


KERNELS = (ArgMaxKernel(),)
