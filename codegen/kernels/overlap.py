"""How far a kernel's input must begin behind its output so that both may lie in the same bytes.

A kernel works through units: each reads, then writes the output up to some byte. Whatever is read
after a unit must lie behind what has been written until then:

    distance >= bytes written after a unit - lowest byte of the input that a later unit reads

for every unit after which anything is read. tests/kernels/test_overlap.py runs the kernels at these
distances, and shows that a byte less destroys something.
"""

from __future__ import annotations

import numpy as np

from codegen.ir.types import Int64Array
from codegen.kernels.kernel import Overlap
from codegen.window import Window


def first_pixels(window: Window) -> Int64Array:
    """int64 [positions]: the first pixel inside the image under each position of a window.

    Row by row, as all kernels go; where a window has nothing inside, the pixel behind the last.
    """
    axes = []
    for axis in (0, 1):
        starts = np.arange(window.output[axis]) * window.strides[axis] - window.pads[axis]
        places = starts[:, None] + np.arange(window.kernel[axis]) * window.dilations[axis]
        inside = (places >= 0) & (places < window.input[axis])
        first = np.take_along_axis(places, inside.argmax(1)[:, None], 1)[:, 0]
        axes.append(np.where(inside.any(1), first, -1))
    rows, columns = axes[0][:, None], axes[1][None, :]
    behind = window.input[0] * window.input[1]
    found: Int64Array = np.where(
        (rows < 0) | (columns < 0), behind, rows * window.input[1] + columns
    ).reshape(-1)
    return found


def by_pixels(
    window: Window, channels: int, filters: int, *, at_once: int = 1, again: bool = False
) -> Overlap:
    """The overlap of a kernel that goes from pixel to pixel of its output.

    Args:
        channels, filters: bytes of a pixel of the input and of the output.
        at_once: pixels whose windows are read before the first of them is written.
        again: a pixel's window is read until its last byte is written.
    """
    read = first_pixels(window) * channels
    size = window.input[0] * window.input[1] * channels
    # What is still to be read when pixel p, the last one of its unit, is being written.
    later = np.minimum.accumulate(np.append(read, size)[::-1])[::-1]
    ends = np.arange(1, len(read) + 1)
    ends = ends[(ends % at_once == 0) | (ends == len(read))]
    wanted = later[np.maximum(ends - at_once, 0)] if again else later[ends]
    return _overlap(ends * filters, wanted, size)


def by_rows(
    window: Window, channels: int, filters: int, *, at_once: int = 1, again: int = 0
) -> Overlap:
    """The overlap of a kernel that reads all rows under a row of its output before it writes it,
    and no row twice but the last `again` ones; without dilation.

    Args:
        channels, filters: bytes of a pixel of the input and of the output.
        at_once: rows of output under which all rows are read before the first of them is written.
        again: of these rows the last ones, which are read once more for the next rows of output.
    """
    row = window.input[1] * channels
    size = window.input[0] * row
    rows = np.arange(1, window.output[0] + 1)
    number = rows[(rows % at_once == 0) | (rows == len(rows))] - 1
    unread = number * window.strides[0] - window.pads[0] + window.kernel[0] - again
    wanted = np.clip(unread, 0, window.input[0]) * row
    return _overlap((number + 1) * window.output[1] * filters, wanted, size)


def by_channels(window: Window, channels: int) -> Overlap:
    """The overlap of a pool that goes from channel to channel of each pixel."""
    first = first_pixels(window)
    size = window.input[0] * window.input[1] * channels
    later = np.minimum.accumulate(np.append(first * channels, size)[::-1])[::-1]
    number = np.arange(len(first))
    # Behind the last channel but one, the last is read; behind the last, the pixels behind.
    beside = first * channels + channels - 1
    beside = np.where((channels > 1) & (beside < size), beside, size)
    written = np.concatenate([number * channels + channels - 1, (number + 1) * channels])
    return _overlap(written, np.concatenate([np.minimum(beside, later[1:]), later[1:]]), size)


def _overlap(written: Int64Array, wanted: Int64Array, size: int) -> Overlap:
    """Of what has been written and what is still wanted after each unit; `size`: nothing is."""
    apart = (written - wanted)[wanted < size]
    return Overlap(0, int(apart.max()) if apart.size else -size)
