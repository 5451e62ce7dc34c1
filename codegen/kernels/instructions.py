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
