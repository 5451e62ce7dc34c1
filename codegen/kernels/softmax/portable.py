"""Softmax in plain C: firmware/runtime/kernels/nn_softmax.c."""

from __future__ import annotations

from dataclasses import dataclass

from codegen.kernels.kernel import Activity, Constants, Kernel, Lowered
from codegen.ops.softmax import EXPONENTIAL_BITS, Softmax
from codegen.target import Target


@dataclass(frozen=True)
class Fields:
    """What the template names."""

    size: int
    steps: int
    zero_point: int


class Portable(Kernel):
    """The table of exponentials and two loops."""

    op_type = Softmax

    def cost(self, op: Softmax, target: Target, activity: Activity) -> float:
        """A look, a sum, and a 64-bit division by element."""
        return 60.0 * op.output.size

    def lower(self, op: Softmax, target: Target) -> Lowered:
        """The table."""
        block = Constants(
            "table",
            f"exponentials exp(-d * scale) * 2^{EXPONENTIAL_BITS}, uint32 [256]",
            op.table.astype("<u4").tobytes(),
            counted=False,
        )
        zero_point = op.output.quantization.zero_point
        return Lowered(
            op=op,
            stem="softmax",
            kernel=self.name,
            why="integer table",
            constants=(block,),
            fields=Fields(op.output.size, op.steps, zero_point),
        )


KERNELS = (Portable(),)
