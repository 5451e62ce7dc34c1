"""Pools in plain C: firmware/runtime/kernels/nn_pool.c."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from codegen.kernels.instructions import reach, without_fpu
from codegen.kernels.kernel import Activity, Constants, Kernel, Lowered
from codegen.kernels.overlap import by_channels
from codegen.ops.average_pool import AveragePool
from codegen.ops.max_pool import MaxPool
from codegen.target import Target
from codegen.window import Window

# Cells of which 16 bits hold the sum.
_MOST_CELLS = 257


@dataclass(frozen=True)
class Average:
    """What the template names of a mean."""

    input_zero_point: int
    zero_point: int
    low: int
    high: int
    padding_counts: bool
    counts_differ: bool


@dataclass(frozen=True)
class PoolFields:
    """What the template names."""

    channels: int
    window: Window
    average: Average | None = None


class MaxPoolKernel(Kernel):
    """A window at a time."""

    op_type = MaxPool

    def cost(self, op: MaxPool, target: Target, activity: Activity) -> float:
        """6 instructions for an element, or for four side by side; 9 for a row of them, 16 for an
        output, 45 for a window; of 2 x 2 fours inside the image, 20 for an output and 14 for a
        window."""
        found, channels = reach(op.window), op.output.shape[1]
        together = target.isa != "scalar" and channels >= 4
        runs = -(-channels // 4) if together else channels
        if together and op.window.kernel == (2, 2) and found.taps == 4 * found.positions:
            return (20.0 * runs + 14.0) * found.positions
        each = 6.0 * found.taps + 9.0 * found.rows + 16.0 * found.positions
        return each * runs + 45.0 * found.positions

    def in_strips(self, op: MaxPool, target: Target, count: int) -> tuple[Lowered, ...]:
        """As alone."""
        return (self.lower(op, target),)

    def lower(self, op: MaxPool, target: Target) -> Lowered:
        """No constants."""
        return Lowered(
            op=op,
            stem="pool",
            kernel=self.name,
            why="plain C, any processor",
            overlaps=(by_channels(op.window, op.input.shape[1]),),
            fields=PoolFields(op.input.shape[1], op.window),
        )


class AveragePoolKernel(Kernel):
    """A window at a time."""

    op_type = AveragePool

    def cost(self, op: AveragePool, target: Target, activity: Activity) -> float:
        """6.7 instructions for four elements side by side, two more without the DSP extension, 5
        for one; 9 for a row of them, 25 for an output, 170 for a window."""
        found, channels = reach(op.window), op.output.shape[1]
        fours = channels // 4 if op.window.taps <= _MOST_CELLS else 0
        single = channels - 4 * fours
        cell = 6.7 if target.isa != "scalar" else 8.7
        output = 25.0 + without_fpu(target, 310.0)
        cells = (cell * fours + 5.0 * single) * found.taps
        outputs = output * channels * found.positions
        return cells + 9.0 * (fours + single) * found.rows + outputs + 170.0 * found.positions

    def lower(self, op: AveragePool, target: Target) -> Lowered:
        """One multiplier, or one for each number of cells when windows at the border have fewer."""
        differ = bool((op.counts != op.counts.flat[0]).any())
        counts = np.arange(op.window.taps + 1) if differ else op.counts.reshape(-1)[:1]
        multipliers = op.multipliers(counts).astype("<f4")
        fields = Average(
            input_zero_point=op.input.quantization.zero_point,
            zero_point=op.output.quantization.zero_point,
            low=op.low,
            high=op.high,
            padding_counts=op.padding_counts,
            counts_differ=differ,
        )
        title = f"multipliers by number of cells, float32 [{len(multipliers)}]"
        return Lowered(
            op=op,
            stem="pool",
            kernel=self.name,
            why="plain C, any processor",
            constants=(Constants("multipliers", title, multipliers.tobytes(), counted=False),),
            overlaps=(by_channels(op.window, op.input.shape[1]),),
            fields=PoolFields(op.input.shape[1], op.window, fields),
        )


KERNELS = (MaxPoolKernel(), AveragePoolKernel())
