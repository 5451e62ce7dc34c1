"""What the benchmark counts as identical to the reference."""

from __future__ import annotations

import numpy as np

from device.bench.measure import _identical
from device.commands.bench import harsh_inputs

WANTED = np.array([[1, 9, 3], [7, 2, 5], [0, 1, 8], [4, 3, 2]], np.int8)
HARSH = WANTED[:1]


def test_bytes() -> None:
    outputs = WANTED.copy()
    outputs[2] = (0, 2, 7)
    assert _identical("bytes", outputs, WANTED, HARSH + np.int8(1), HARSH) == (10, 15)


def test_classes() -> None:
    """A runtime that answers with the class alone has it in its first byte."""
    outputs = np.array([[1, 0, 0], [0, 0, 0], [2, 0, 0], [1, 0, 0]], np.int8)
    assert _identical("class", outputs, WANTED, HARSH, HARSH) == (3, 4)


def test_other_numbers_are_not_compared() -> None:
    assert _identical("count", WANTED, WANTED, HARSH, HARSH) is None


def test_harsh_inputs_are_never_the_background() -> None:
    """Noise, the extremes, and an image that becomes noise."""
    tests = np.full((3, 20), -5, np.int8)
    tests[:, ::4] = 7
    found = harsh_inputs(tests)
    assert found.shape == (154, 20)
    assert (found[:50] != -5).all() and (found[-1] != -5).all()
    assert found[50:54, 0].tolist() == [-128, -1, 0, 127]
