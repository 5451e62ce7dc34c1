"""Depthwise convolutions on planes: firmware/runtime/kernels/nn_depthwise_planes.c.

Channels last, neighbours of one channel lie apart. Four channels at a time are turned into planes
of int16, so that a word holds two neighbours and SMLAD multiplies both by two taps. Sums are those
of plain C, modulo 2^32: no sum of these weights leaves int32 (codegen/weighted_sum.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from codegen.kernels.conv.portable import conv_fields
from codegen.kernels.kernel import Activity, Kernel, Lowered, Overlap
from codegen.kernels.weights import stored_weights, weight_constants
from codegen.ops.conv import Conv
from codegen.target import Target
from codegen.window import Window

# Channels of the planes, and bytes that a word has.
PLANES, WORD = 4, 4
# Bytes for planes: a band leaves to the next what both need, so that more saves little.
_BAND_BYTES = 2048


def words_of_taps(window: Window) -> int:
    """Words of a row of weights: two taps each, from an even column or from an odd one."""
    return window.kernel[1] // 2 + 1


def plane_bytes(window: Window, band: int) -> int:
    """Bytes of the planes for `band` rows of output."""
    words = (window.output[1] - 1) * window.strides[1] // 2 + words_of_taps(window)
    rows = (band - 1) * window.strides[0] + (window.kernel[0] - 1) * window.dilations[0] + 1
    return PLANES * rows * words * WORD


def band_of(window: Window) -> int:
    """Rows of output at once: as many as have room, at least one."""
    return largest_band(window, lambda band: plane_bytes(window, band))


def largest_band(window: Window, bytes_of: Callable[[int], int]) -> int:
    """The most rows of output at once whose planes have room, at least one.

    Args:
        bytes_of: a band's planes.
    """
    bands = range(1, window.output[0] + 1)
    return max((band for band in bands if bytes_of(band) <= _BAND_BYTES), default=1)


def smaller_bands(window: Window, best: int) -> list[int]:
    """The best band and fewer rows at once, as the output parts evenly."""
    rows = window.output[0]
    return list(dict.fromkeys(min(best, -(-rows // count)) for count in range(1, rows + 1)))


def refusal(op: Conv, target: Target) -> str:
    """Why planes are not for a layer: the processor, its filters, or their zero points."""
    if not target.packed_arithmetic:
        return "no instruction for two products, or no FPU"
    if not op.depthwise or op.rows != op.groups:
        return "not one filter for each channel"
    return "its weights have zero points" if op.asymmetric else ""


def in_place(window: Window) -> bool:
    """Whether four channels' output may be their input: no row is written before it is read.

    Pads that keep the size reach no further up than the window does, so that row y of the output
    is made from row y of the input and others.
    """
    return window.input == window.output and window.strides == (1, 1)


def in_turn_distance(window: Window, channels: int, band: int) -> int:
    """Least distance of the output when the channels of `band` rows take turns.

    While rows of output up to `end` are made, the last four channels but some are still to be read
    from the band's first row on; then the next band's rows.
    """
    (height, width), (rows, columns) = window.input, window.output
    distance = -height * width * channels
    for start in range(0, rows, band):
        end = min(start + band, rows)
        own, later = (max(0, y * window.strides[0] - window.pads[0]) for y in (start, end))
        if own < height and channels > PLANES:
            distance = max(distance, (end * columns - 1 - own * width) * channels)
        if later < height and end < rows:
            distance = max(distance, (end * columns - later * width) * channels)
    return distance


def _prepared(op: Conv, band: int, *, in_turn: bool) -> float:
    """Estimated cycles beside the sums: 60 for a row of four channels and 22 for two of its pixels,
    3 for a word that a band leaves to the next, 130 for a channel's weights and its part of a band.
    """
    window = op.window
    bands = -(-window.output[0] // band)
    reach = (window.kernel[0] - 1) * window.dilations[0] + 1
    shared = max(0, reach - window.strides[0])
    rows = (window.output[0] - 1) * window.strides[0] + reach
    fours = -(-op.groups // PLANES)
    read = rows + (bands - 1) * shared if in_turn else rows
    words = plane_bytes(window, 1) / PLANES / WORD / reach
    kept = 0.0 if in_turn else fours * (bands - 1) * shared * words * PLANES * 3.0
    each = 60.0 + 22.0 * (window.input[1] // 2 + 1)
    return fours * read * each + kept + op.groups * bands * 130.0


def _lower(op: Conv, band: int, *, in_turn: bool) -> Lowered:
    """One form.

    Args:
        in_turn: all channels of a band before the next band.
    """
    stored, _ = stored_weights(op)
    window = op.window
    table = 2 * window.kernel[0] * words_of_taps(window) * WORD
    overlaps: tuple[Overlap, ...] = ()
    if in_turn:
        overlaps = (Overlap(0, in_turn_distance(window, op.groups, band)),)
    elif in_place(window):
        overlaps = (Overlap(0, 0, exact=True),)
    rows = "" if band == band_of(window) else f", {band} rows at once to save memory"
    return Lowered(
        op=op,
        stem="conv",
        kernel="planes",
        why=f"two neighbours of a channel in a word{rows}",
        constants=weight_constants(op, np.ascontiguousarray(stored[:, 0]), None, folded=True),
        scratch=plane_bytes(window, band) + table,
        overlaps=overlaps,
        fields=conv_fields(
            op,
            window,
            op.groups,
            "nn_depthwise_bands" if in_turn else "nn_depthwise_planes",
            band=band,
        ),
        sources=("depthwise_planes", "depthwise_rows"),
    )


class Planes(Kernel):
    """Four channels at a time, two neighbours in a word."""

    name = "planes"
    portable = False
    op_type = Conv

    def fits(self, op: Conv, target: Target) -> str:
        """A processor with SMLAD and float32; one symmetric filter for each channel."""
        if reason := refusal(op, target):
            return reason
        if op.window.dilations[1] != 1:
            return "dilation along rows"
        return "biases beyond int32, or float32 out" if not op.plain else ""

    def cost(self, op: Conv, target: Target, activity: Activity) -> float:
        """Of 3 x 3: for two neighbours 37, two pixels apart 44, and 40 for a row of a channel; of
        other windows three and a half for two taps, 30 for an output; beside it, `_prepared`."""
        window = op.window
        prepared = _prepared(op, band_of(window), in_turn=False)
        if window.kernel == (3, 3) and window.strides[1] <= 2:
            pairs = -(-window.output[1] // 2)
            each = 37.0 if window.strides[1] == 1 else 44.0
            return prepared + op.groups * window.output[0] * (each * pairs + 40.0)
        words = window.kernel[0] * words_of_taps(window)
        return prepared + (3.5 * words + 30.0) * op.output.size

    def lower(self, op: Conv, target: Target) -> Lowered:
        """Bias, multipliers, weights."""
        return _lower(op, band_of(op.window), in_turn=False)

    def in_strips(self, op: Conv, target: Target, count: int) -> tuple[Lowered, ...]:
        """A band, with all that its rows need prepared anew."""
        best = band_of(op.window)
        band = min(best, count)
        lowered = _lower(op, band, in_turn=False)
        base = _prepared(op, best, in_turn=False)
        return (replace(lowered, slower=_prepared(op, band, in_turn=True) - base),)

    def forms(self, op: Conv, target: Target) -> tuple[Lowered, ...]:
        """Fewer rows at once; where the output cannot lie in the input's place, all channels of a
        few rows before the next rows, so that it can follow."""
        best = band_of(op.window)
        bands = smaller_bands(op.window, best)
        forms = [(band, False) for band in bands]
        if not in_place(op.window):
            forms += [(band, True) for band in bands]
        base = _prepared(op, best, in_turn=False)
        return tuple(
            replace(
                _lower(op, band, in_turn=in_turn),
                slower=_prepared(op, band, in_turn=in_turn) - base,
            )
            for band, in_turn in forms
        )


KERNELS = (Planes(),)
