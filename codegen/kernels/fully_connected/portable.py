"""Fully connected layers in plain C: firmware/runtime/kernels/nn_fully_connected.c."""

from __future__ import annotations

from dataclasses import dataclass

from codegen.kernels.instructions import without_fpu
from codegen.kernels.kernel import Activity, Kernel, Lowered
from codegen.kernels.weights import Sums, stored_weights, sums_of, weight_constants
from codegen.ops.fully_connected import FullyConnected
from codegen.target import Target


@dataclass(frozen=True)
class Fields:
    """What the template names.

    Attributes:
        any: what only the more general routine can do.
    """

    inputs: int
    outputs: int
    sums: Sums
    any: bool


class Portable(Kernel):
    """Row-major weights, folded biases, float32 multipliers."""

    op_type = FullyConnected

    def cost(self, op: FullyConnected, target: Target, activity: Activity) -> float:
        """Five instructions for a multiply-accumulate, 37 for an output."""
        return 5.0 * op.macs + (37.0 + without_fpu(target, 330.0)) * op.rows

    def lower(self, op: FullyConnected, target: Target) -> Lowered:
        """Bias, multipliers, weights."""
        weights, zeros = stored_weights(op)
        blocks = weight_constants(op, weights, zeros, folded=True)
        sums = sums_of(op)
        general = zeros is not None or sums.wide or sums.real or sums.fraction > 0
        fields = Fields(op.columns, op.rows, sums, general)
        return Lowered(
            op=op,
            stem="fully_connected",
            kernel=self.name,
            why="plain C, any processor",
            constants=blocks,
            fields=fields,
        )


KERNELS = (Portable(),)
