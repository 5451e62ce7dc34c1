"""Fully connected layers in plain C: firmware/runtime/kernels/nn_fully_connected.c."""

from __future__ import annotations

from dataclasses import dataclass

from codegen.kernels.kernel import Activity, Kernel, Lowered
from codegen.kernels.weights import weight_constants
from codegen.ops.fully_connected import FullyConnected
from codegen.target import Target


@dataclass(frozen=True)
class Fields:
    """What the template names."""

    inputs: int
    outputs: int
    zero_point: int
    low: int
    high: int
    wide: bool


class Portable(Kernel):
    """Row-major weights, folded biases, float32 multipliers."""

    op_type = FullyConnected

    def cost(self, op: FullyConnected, target: Target, activity: Activity) -> float:
        """About five instructions for a multiply-accumulate, forty for an output."""
        return 5.0 * op.macs + 40.0 * op.rows

    def lower(self, op: FullyConnected, target: Target) -> Lowered:
        """Bias, multipliers, weights."""
        blocks = weight_constants(
            op, op.folded_bias, " with the input zero point folded in", op.weights
        )
        low, high = op.clamp
        zero_point = op.output.quantization.zero_point
        fields = Fields(op.columns, op.rows, zero_point, low, high, op.wide)
        return Lowered(
            op=op,
            stem="fully_connected",
            kernel=self.name,
            why="plain C, any processor",
            constants=blocks,
            fields=fields,
        )


KERNELS = (Portable(),)
