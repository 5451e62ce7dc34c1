"""What portable kernels' inner loops take: instructions that were counted, for cost formulas.

Counted on emulated cores (device/bench/counter.py) for 150 layers of eight networks, GCC 12, -O2:
Cortex-M7 with FPU, and Cortex-M3, whose floating point is libgcc's. tests/program/test_estimates.py
holds the sums against whole networks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from codegen.target import Target
from codegen.window import Window


@dataclass(frozen=True)
class Reach:
    """How often the loops over a window run, for one channel and all positions.

    Attributes:
        positions: of the window.
        rows: rows of the window that lie inside the image.
        taps: elements of the window that do.
    """

    positions: int
    rows: int
    taps: int


def reach(window: Window) -> Reach:
    """Count what `nn_inside` (firmware/runtime/kernels/nn_window.h) leaves of each window."""
    rows, columns = (_inside(window, axis) for axis in (0, 1))
    return Reach(window.positions, rows * window.output[1], rows * columns)


def _inside(window: Window, axis: int) -> int:
    """Steps of all windows that lie inside the image along an axis."""
    origins = np.arange(window.output[axis]) * window.strides[axis] - window.pads[axis]
    places = origins[:, None] + np.arange(window.kernel[axis]) * window.dilations[axis]
    return int(((places >= 0) & (places < window.input[axis])).sum())


def without_fpu(target: Target, instructions: float) -> float:
    """Instructions of libgcc, where the target has no FPU."""
    return 0.0 if target.fpu else instructions


def window_loads(window: Window, depth: int, groups: int) -> float:
    """Instructions that nn_conv_load takes for the windows of all positions and groups.

    9 for four elements and 45 for a window; where it leaves the image, or a piece of it is no whole
    words, its bytes are collected first: 45 for a piece that lies apart, 8 for four of its bytes, 6
    for each one that is left.

    Args:
        depth: channels of a group.
    """
    together = groups == 1 and window.dilations[1] == 1
    pieces = window.kernel[0] * (1 if together else window.kernel[1])
    size = (window.kernel[1] if together else 1) * depth
    fours = -(-window.taps * depth // 4)
    collected = 0 if size % 4 == 0 else window.positions
    if size % 4 == 0:
        collected = window.positions - _whole(window, 0) * _whole(window, 1)
    collect = pieces * (45.0 + 8.0 * (size // 4) + 6.0 * (size % 4)) + 20.0
    return groups * (window.positions * (9.0 * fours + 45.0) + collected * collect)


def _whole(window: Window, axis: int) -> int:
    """Positions along an axis at which the whole window lies inside the image."""
    first = np.arange(window.output[axis]) * window.strides[axis] - window.pads[axis]
    last = first + (window.kernel[axis] - 1) * window.dilations[axis]
    return int(((first >= 0) & (last < window.input[axis])).sum())
