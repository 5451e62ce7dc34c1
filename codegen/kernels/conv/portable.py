"""Convolutions in plain C: firmware/runtime/kernels/nn_conv.c."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from codegen.kernels.kernel import Activity, Kernel, Lowered
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
    channels: int
    filters: int
    groups: int
    window: Window
    input_zero_point: int
    sums: Sums


def conv_fields(op: WeightedSum, window: Window, groups: int, function: str) -> ConvFields:
    """The fields of a convolution of either direction."""
    return ConvFields(
        function=function,
        channels=op.input.shape[1],
        filters=op.rows,
        groups=groups,
        window=window,
        input_zero_point=op.input.quantization.zero_point,
        sums=sums_of(op),
    )


class Portable(Kernel):
    """A window at a time: weights [outputs][height][width][inputs of a group]."""

    op_type = Conv

    def cost(self, op: Conv, target: Target, activity: Activity) -> float:
        """About seven instructions for a multiply-accumulate, forty for an output."""
        return 7.0 * op.macs + 40.0 * op.output.size

    def lower(self, op: Conv, target: Target) -> Lowered:
        """Bias, multipliers, weights."""
        weights, zeros = stored_weights(op)
        weights = np.ascontiguousarray(weights.transpose(0, 2, 3, 1))
        return Lowered(
            op=op,
            stem="conv",
            kernel=self.name,
            why="plain C, any processor",
            constants=weight_constants(op, op.bias, "", weights, zeros),
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
        """No loop over the channels of a group."""
        return 6.0 * op.macs + 40.0 * op.output.size

    def lower(self, op: Conv, target: Target) -> Lowered:
        """Bias, multipliers, weights."""
        weights, zeros = stored_weights(op)
        weights = np.ascontiguousarray(weights[:, 0].transpose(1, 2, 0))
        return Lowered(
            op=op,
            stem="conv",
            kernel=self.name,
            why="plain C, any processor",
            constants=weight_constants(op, op.bias, "", weights, zeros),
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
            constants=weight_constants(op, op.bias, "", weights, zeros),
            fields=conv_fields(op, op.window, op.groups, "nn_conv_transpose"),
        )


KERNELS = (Portable(), Depthwise(), Transposed())
