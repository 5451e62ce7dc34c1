"""Depthwise convolutions on planes: firmware/runtime/kernels/nn_depthwise_planes.c.

Channels last, neighbours of one channel lie apart. Four channels at a time are turned into planes
of int16, so that a word holds two neighbours and SMLAD multiplies both by two taps. Sums are those
of plain C, modulo 2^32: no sum of these weights leaves int32 (codegen/weighted_sum.py).
"""

from __future__ import annotations

import numpy as np

from codegen.kernels.conv.portable import conv_fields
from codegen.kernels.kernel import Activity, Kernel, Lowered
from codegen.kernels.weights import stored_weights, weight_constants
from codegen.ops.conv import Conv
from codegen.target import Target
from codegen.window import Window

# Channels of the planes, and bytes that a word has.
_PLANES, _WORD = 4, 4
# Bytes for planes: what rows of the next band share with this one is prepared twice, so that more
# saves little.
_BAND_BYTES = 2048


def words_of_taps(window: Window) -> int:
    """Words of a row of weights: two taps each, from an even column or from an odd one."""
    return window.kernel[1] // 2 + 1


def plane_bytes(window: Window, band: int) -> int:
    """Bytes of the planes for `band` rows of output."""
    words = (window.output[1] - 1) * window.strides[1] // 2 + words_of_taps(window)
    rows = (band - 1) * window.strides[0] + (window.kernel[0] - 1) * window.dilations[0] + 1
    return _PLANES * rows * words * _WORD


def band_of(window: Window) -> int:
    """Rows of output at once: as many as have room, at least one."""
    bands = range(1, window.output[0] + 1)
    return max((band for band in bands if plane_bytes(window, band) <= _BAND_BYTES), default=1)


class Planes(Kernel):
    """Four channels at a time, two neighbours in a word."""

    name = "planes"
    portable = False
    op_type = Conv

    def fits(self, op: Conv, target: Target) -> str:
        """A processor with SMLAD and float32; one symmetric filter for each channel."""
        if not target.packed_arithmetic:
            return "no instruction for two products, or no FPU"
        if not op.depthwise or op.rows != op.groups:
            return "not one filter for each channel"
        if op.asymmetric:
            return "its weights have zero points"
        if op.window.dilations[1] != 1:
            return "dilation along rows"
        return "biases beyond int32, or float32 out" if not op.plain else ""

    def cost(self, op: Conv, target: Target, activity: Activity) -> float:
        """Of 3 x 3: for two neighbours 37, two pixels apart 44, and 40 for a row of a channel; of
        other windows three and a half for two taps, 30 for an output. To prepare: 60 for a row of
        four channels and 22 for two of its pixels, 250 for a channel's weights."""
        window = op.window
        band = band_of(window)
        bands = -(-window.output[0] // band)
        rows = (window.output[0] - bands) * window.strides[0] + bands * (
            (window.kernel[0] - 1) * window.dilations[0] + 1
        )
        fours = -(-op.groups // _PLANES)
        prepared = fours * rows * (60.0 + 22.0 * (window.input[1] // 2 + 1)) + 250.0 * op.groups
        if window.kernel == (3, 3) and window.strides[1] <= 2:
            pairs = -(-window.output[1] // 2)
            each = 37.0 if window.strides[1] == 1 else 44.0
            return prepared + op.groups * window.output[0] * (each * pairs + 40.0)
        words = window.kernel[0] * words_of_taps(window)
        return prepared + (3.5 * words + 30.0) * op.output.size

    def lower(self, op: Conv, target: Target) -> Lowered:
        """Bias, multipliers, weights."""
        stored, _ = stored_weights(op)
        band = band_of(op.window)
        table = _PLANES * 2 * op.window.kernel[0] * words_of_taps(op.window) * _WORD
        return Lowered(
            op=op,
            stem="conv",
            kernel=self.name,
            why="two neighbours of a channel in a word",
            constants=weight_constants(op, np.ascontiguousarray(stored[:, 0]), None, folded=True),
            scratch=plane_bytes(op.window, band) + table,
            fields=conv_fields(op, op.window, op.groups, "nn_depthwise_planes", band=band),
            sources=("depthwise_planes", "depthwise_rows"),
        )


KERNELS = (Planes(),)
