"""The verdict on what the firmware computed."""

from __future__ import annotations

import numpy as np
import pytest

from device.comparison import Difference, compare

OUTPUTS = np.array([[1, 2, 3], [4, 5, -6]], np.int8)


def test_the_same_bytes() -> None:
    found = compare(OUTPUTS.tobytes(), OUTPUTS)
    assert found.equal
    assert found.text() == "6/6 output bytes identical to the reference"


@pytest.mark.parametrize(("results", "identical", "received"), [(7, 6, 7), (5, 5, 5), (0, 0, 0)])
def test_more_and_fewer_bytes_than_expected(results: int, identical: int, received: int) -> None:
    found = compare((OUTPUTS.tobytes() + b"\x07")[:results], OUTPUTS)
    assert not found.equal and found.first is None
    assert (found.identical, found.total, found.received) == (identical, 6, received)
    assert f"the firmware gave {received} bytes, the reference has 6" in found.text()


def test_a_byte_that_differs() -> None:
    results = bytearray(OUTPUTS.tobytes())
    results[5] = 7
    found = compare(bytes(results), OUTPUTS)
    assert not found.equal
    assert found.first == Difference(1, 2, 7, -6)
    assert "first difference: input 1, output 2: firmware 7, reference -6" in found.text()
