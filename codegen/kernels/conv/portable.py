"""Convolutions in plain C: firmware/runtime/kernels/nn_conv.c."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from codegen.ir.types import Int8Array
from codegen.kernels.instructions import reach, without_fpu
from codegen.kernels.kernel import Activity, Kernel, Lowered, Overlap
from codegen.kernels.overlap import by_pixels
from codegen.kernels.weights import Sums, stored_weights, sums_of, weight_constants
from codegen.ops.conv import Conv
from codegen.ops.conv_transpose import ConvTranspose
from codegen.target import Target
from codegen.weighted_sum import WeightedSum
from codegen.window import Window


@dataclass(frozen=True)
class ConvFields:
    """What the templates name."""

    function: str
    weights_type: str
    band: int
    channels: int
    filters: int
    groups: int
    window: Window
    input_zero_point: int
    sums: Sums


def conv_fields(
    op: WeightedSum,
    window: Window,
    groups: int,
    function: str,
    *,
    weights_type: str = "ai_i8",
    band: int = 0,
) -> ConvFields:
    """The fields of a convolution of either direction.

    Args:
        band: rows of output for which the kernel prepares its input at once; 0: it does not.
    """
    return ConvFields(
        function=function,
        weights_type=weights_type,
        band=band,
        channels=op.input.shape[1],
        filters=op.rows,
        groups=groups,
        window=window,
        input_zero_point=op.input.quantization.zero_point,
        sums=sums_of(op),
    )


def overlap(op: Conv, *, at_once: int = 1, again: bool = False) -> Overlap:
    """How a kernel's input and output may overlap: `codegen/kernels/overlap.py`, `by_pixels`."""
    bytes_of_pixel = op.output.bytes // op.window.positions
    return by_pixels(op.window, op.input.shape[1], bytes_of_pixel, at_once=at_once, again=again)


def in_fours(weights: Int8Array, groups: int) -> Int8Array:
    """[outputs, …] with four filters of a group side by side; those that are left behind them.

    Returns:
        int8 [outputs * …], in the order in which nn_conv reads it.
    """
    parts = []
    for group in weights.reshape(groups, len(weights) // groups, -1):
        whole = len(group) // 4 * 4
        parts.append(group[:whole].reshape(-1, 4, group.shape[1]).transpose(0, 2, 1).reshape(-1))
        parts.append(group[whole:].reshape(-1))
    return np.concatenate(parts)


class Portable(Kernel):
    """A window at a time, for four filters of a group where there are four."""

    op_type = Conv

    def cost(self, op: Conv, target: Target, activity: Activity) -> float:
        """13 instructions for an element and four filters, 15 for one; 65 and 20 for a run of
        elements, 71 for an output and 16 more without a fourth filter."""
        found, depth = reach(op.window), op.input.shape[1] // op.groups
        whole = op.groups == 1 and op.window.dilations[1] == 1
        runs = found.rows if whole else found.taps
        fours = 0 if op.asymmetric else op.rows // op.groups // 4 * op.groups
        single = op.rows - 4 * fours
        elements = found.taps * depth * (13.0 * fours + 15.0 * single)
        rest = runs * (65.0 * fours + 20.0 * single) + found.positions * 87.0 * single
        return elements + rest + (71.0 + without_fpu(target, 311.0)) * op.output.size

    def in_strips(self, op: Conv, target: Target, count: int) -> tuple[Lowered, ...]:
        """As alone."""
        return (self.lower(op, target),)

    def lower(self, op: Conv, target: Target) -> Lowered:
        """Bias, multipliers, weights."""
        stored, zeros = stored_weights(op)
        weights = stored.transpose(0, 2, 3, 1)
        # With zero points, each filter on its own.
        weights = in_fours(weights, op.groups) if zeros is None else np.ascontiguousarray(weights)
        return Lowered(
            op=op,
            stem="conv",
            kernel=self.name,
            why="plain C, any processor",
            constants=weight_constants(op, weights, zeros, folded=False),
            overlaps=(overlap(op, again=True),),
            fields=conv_fields(op, op.window, op.groups, "nn_conv"),
        )


class Depthwise(Kernel):
    """One channel in, one or several out: weights [height][width][outputs]."""

    name = "portable depthwise"
    op_type = Conv

    def fits(self, op: Conv, target: Target) -> str:
        """One input channel to a group."""
        return "" if op.depthwise else "groups of several input channels"

    def cost(self, op: Conv, target: Target, activity: Activity) -> float:
        """10 instructions for a multiply-accumulate, 27 for a row of the window."""
        found, output = reach(op.window), 70.0 + without_fpu(target, 311.0)
        return (10.0 * found.taps + 27.0 * found.rows + output * found.positions) * op.rows

    def in_strips(self, op: Conv, target: Target, count: int) -> tuple[Lowered, ...]:
        """As alone."""
        return (self.lower(op, target),)

    def lower(self, op: Conv, target: Target) -> Lowered:
        """Bias, multipliers, weights."""
        weights, zeros = stored_weights(op)
        weights = np.ascontiguousarray(weights[:, 0].transpose(1, 2, 0))
        return Lowered(
            op=op,
            stem="conv",
            kernel=self.name,
            why="plain C, any processor",
            constants=weight_constants(op, weights, zeros, folded=False),
            overlaps=(overlap(op, again=True),),
            fields=conv_fields(op, op.window, op.groups, "nn_depthwise"),
        )


class Transposed(Kernel):
    """An output pixel at a time: of the taps of its window those that an input pixel reaches."""

    op_type = ConvTranspose

    def cost(self, op: ConvTranspose, target: Target, activity: Activity) -> float:
        """A division for each tap, taken or not."""
        return 7.0 * op.macs + (40.0 + 12.0 * op.window.taps) * op.output.size

    def lower(self, op: ConvTranspose, target: Target) -> Lowered:
        """Bias, multipliers, weights."""
        weights, zeros = stored_weights(op)
        weights = np.ascontiguousarray(weights.transpose(0, 2, 3, 1))
        return Lowered(
            op=op,
            stem="conv",
            kernel=self.name,
            why="plain C, any processor",
            constants=weight_constants(op, weights, zeros, folded=False),
            fields=conv_fields(op, op.window, op.groups, "nn_conv_transpose"),
        )


KERNELS = (Portable(), Depthwise(), Transposed())
