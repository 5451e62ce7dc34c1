"""Convolutions by two products an instruction: firmware/runtime/kernels/nn_conv_packed.c.

Two pixels and two filters at a time. The bytes under the two windows are widened to int16 once, in
scratch, and serve every filter; weights stay bytes and are widened as they are read, four by two
SXTB16 (Arm, Armv7-M Architecture Reference Manual, A7.7). Sums are those of plain C, modulo 2^32:
no sum of these weights leaves int32 (codegen/weighted_sum.py), so they are exact.
"""

from __future__ import annotations

import numpy as np

from codegen.ir.types import Int8Array
from codegen.kernels.conv.portable import conv_fields, overlap
from codegen.kernels.instructions import window_loads, without_fpu
from codegen.kernels.kernel import Activity, Kernel, Lowered
from codegen.kernels.weights import stored_weights, weight_constants
from codegen.ops.conv import Conv
from codegen.target import Target

# Bytes of scratch for four elements of a window: themselves, and two pixels' as int16.
_SCRATCH_OF_FOUR = 4 + 16


def in_pairs(weights: Int8Array, groups: int) -> Int8Array:
    """[outputs, …] as the kernel reads them: four of one filter, four of the next, and so on.

    Windows are filled with zeros to a multiple of four elements, groups to an even number of
    filters.

    Returns:
        int8 [groups, pairs of filters, fours, 2, 4].
    """
    rows = weights.reshape(groups, len(weights) // groups, -1)
    padded = np.pad(rows, ((0, 0), (0, rows.shape[1] % 2), (0, -rows.shape[2] % 4)))
    split = padded.reshape(groups, padded.shape[1] // 2, 2, padded.shape[2] // 4, 4)
    return np.ascontiguousarray(split.transpose(0, 1, 3, 2, 4))


class Packed(Kernel):
    """Two pixels and two filters at a time."""

    name = "packed"
    portable = False
    op_type = Conv

    def fits(self, op: Conv, target: Target) -> str:
        """A processor with SMLAD, symmetric weights, windows of several channels."""
        if target.isa == "scalar":
            return "no instruction for two products"
        if op.asymmetric:
            return "its weights have zero points"
        return "a window of one channel" if op.depthwise else ""

    def cost(self, op: Conv, target: Target, activity: Activity) -> float:
        """Of two pixels: 18 for four elements of two filters, 90 for their outputs."""
        filters = op.rows // op.groups
        fours = -(-int(op.weights[0].size) // 4)
        pairs = -(-op.window.positions // 2)
        loads = window_loads(op.window, int(op.weights.shape[1]), op.groups)
        products = pairs * op.groups * (-(-filters // 2)) * (18.0 * fours + 90.0)
        return products + loads + without_fpu(target, 120.0 * op.output.size)

    def in_strips(self, op: Conv, target: Target, count: int) -> tuple[Lowered, ...]:
        """As alone."""
        return (self.lower(op, target),)

    def lower(self, op: Conv, target: Target) -> Lowered:
        """Bias, multipliers, weights."""
        stored, _ = stored_weights(op)
        weights = in_pairs(np.ascontiguousarray(stored.transpose(0, 2, 3, 1)), op.groups)
        return Lowered(
            op=op,
            stem="conv",
            kernel=self.name,
            why="two products an instruction",
            constants=weight_constants(op, weights, None, folded=True),
            overlaps=(overlap(op, at_once=2, again=op.groups > 1),),
            scratch=_SCRATCH_OF_FOUR * -(-op.weights[0].size // 4),
            fields=conv_fields(op, op.window, op.groups, "nn_conv_packed"),
            sources=("conv_packed", "conv_window"),
        )


KERNELS = (Packed(),)
