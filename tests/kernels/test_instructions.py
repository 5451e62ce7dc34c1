"""Inner loops of portable kernels, as cost formulas count them."""

from __future__ import annotations

from itertools import product

from codegen.kernels.instructions import reach, window_loads
from codegen.window import Window


def test_steps_that_lie_inside_the_image() -> None:
    """As many above as below would be counted from either end alike."""
    window = Window((5, 4), (4, 5), (3, 2), (2, 1), (1, 2), pads=(3, 2, 1, 1))
    found = reach(window)
    rows = taps = 0
    for y, x, ky in product(range(4), range(5), range(3)):
        if 0 <= 2 * y - 3 + ky < 5:
            rows += 1
            taps += sum(0 <= x - 2 + 2 * kx < 4 for kx in range(2))
    assert (found.positions, found.rows, found.taps) == (20, rows, taps)


def test_bytes_of_a_window_that_leaves_the_image() -> None:
    """Two groups of four more: 13 each for the products, 8 each to be collected."""
    window = Window((1, 1), (1, 1), (1, 2), pads=(0, 1, 0, 0))
    assert window_loads(window, 12, 1) - window_loads(window, 8, 1) == 2 * 13 + 2 * 8
