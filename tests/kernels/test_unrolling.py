"""How often loops of the dense kernels are unrolled."""

from __future__ import annotations

import pytest

from codegen.kernels.fully_connected.chain.context import _divisor


@pytest.mark.parametrize(
    ("turns", "most", "times"), [(10, 8, 5), (9, 8, 8), (4, 8, 4), (16, 8, 8), (1, 8, 1)]
)
def test_a_divisor_where_one_is_at_least_half_of_the_most(
    turns: int, most: int, times: int
) -> None:
    assert _divisor(turns, most) == times
