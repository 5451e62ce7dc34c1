"""The activation arena: buffers alive at the same time never share a byte."""

from __future__ import annotations

from codegen.arena import ALIGNMENT, Buffer, align, place
from hypothesis import given, settings
from hypothesis import strategies as st

seeded = settings(derandomize=True, database=None)

SPANS = st.tuples(st.integers(0, 12), st.integers(0, 12)).map(sorted)
BUFFERS = st.lists(st.tuples(st.integers(1, 5000), SPANS), min_size=1, max_size=20).map(
    lambda entries: [
        Buffer(f"b{i}", size, first, last) for i, (size, (first, last)) in enumerate(entries)
    ]
)


@seeded
@given(BUFFERS)
def test_no_two_living_buffers_overlap(buffers: list[Buffer]) -> None:
    offsets, size = place(buffers)
    for buffer in buffers:
        start = offsets[buffer.name]
        assert start % ALIGNMENT == 0 and start + buffer.size <= size
        for other in buffers:
            alive_together = other.first <= buffer.last and buffer.first <= other.last
            if other is not buffer and alive_together:
                begin = offsets[other.name]
                assert start + buffer.size <= begin or begin + other.size <= start


@seeded
@given(BUFFERS)
def test_never_less_than_needed_nor_more_than_all(buffers: list[Buffer]) -> None:
    _, size = place(buffers)
    needed = max(
        sum(align(b.size) for b in buffers if b.first <= time <= b.last) for time in range(13)
    )
    assert needed <= size <= sum(align(b.size) for b in buffers)


@seeded
@given(BUFFERS)
def test_the_same_buffers_get_the_same_places(buffers: list[Buffer]) -> None:
    assert place(buffers) == place(buffers[::-1])


def test_a_chain_needs_its_two_largest_neighbours() -> None:
    sizes = [784, 128, 64, 10]
    chain = [Buffer(f"t{i}", size, i - 1, i) for i, size in enumerate(sizes)]
    assert place(chain)[1] == align(784) + align(128)
