"""The activation arena: buffers alive at the same time share bytes only as a kernel allows."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from codegen.memory.arena import ALIGNMENT, Arena, Buffer, Sharing, align, place

seeded = settings(derandomize=True, database=None)

SPANS = st.tuples(st.integers(0, 12), st.integers(0, 12)).map(sorted)
BUFFERS = st.lists(st.tuples(st.integers(1, 5000), SPANS), min_size=1, max_size=20).map(
    lambda entries: [
        Buffer(f"b{i}", size, first, last) for i, (size, (first, last)) in enumerate(entries)
    ]
)


def overlapping(arena: Arena, one: Buffer, other: Buffer) -> bool:
    start, begin = arena.offsets[one.name], arena.offsets[other.name]
    return start < begin + other.size and begin < start + one.size


@seeded
@given(BUFFERS)
def test_no_two_living_buffers_overlap(buffers: list[Buffer]) -> None:
    arena = place(buffers, tries=20)
    for buffer in buffers:
        start = arena.offsets[buffer.name]
        assert start % ALIGNMENT == 0 and start + buffer.size <= arena.size
        for other in buffers:
            alive_together = other.first <= buffer.last and buffer.first <= other.last
            assert other is buffer or not alive_together or not overlapping(arena, buffer, other)


@seeded
@given(BUFFERS)
def test_never_less_than_needed_nor_more_than_all(buffers: list[Buffer]) -> None:
    arena = place(buffers, tries=20)
    needed = max(
        sum(align(b.size) for b in buffers if b.first <= time <= b.last) for time in range(13)
    )
    assert arena.bound.bytes == needed
    assert needed <= arena.size <= sum(align(buffer.size) for buffer in buffers)


@seeded
@given(BUFFERS)
def test_the_same_buffers_get_the_same_places(buffers: list[Buffer]) -> None:
    there, back = place(buffers, tries=20), place(buffers[::-1], tries=20)
    assert (there.offsets, there.size) == (back.offsets, back.size)


def test_a_chain_needs_its_two_largest_neighbours() -> None:
    sizes = [784, 128, 64, 10]
    chain = [Buffer(f"t{i}", size, i - 1, i) for i, size in enumerate(sizes)]
    assert place(chain).size == align(784) + align(128)


def test_a_chain_in_place_needs_its_largest_step() -> None:
    """Each value is written over the one before it, 100 bytes ahead of what is still to be read."""
    sizes = [784, 128, 640, 900]
    chain = [Buffer(f"t{i}", size, i - 1, i) for i, size in enumerate(sizes)]
    sharings = [Sharing(f"t{i}", f"t{i + 1}", 100) for i in range(3)]
    assert place(chain, sharings).size == 900


CHAINS = st.lists(st.tuples(st.integers(1, 4000), st.integers(-600, 4000)), min_size=2, max_size=12)


@seeded
@given(CHAINS, st.booleans())
def test_overlaps_keep_their_distance(entries: list[tuple[int, int]], exact: bool) -> None:
    """Each value is read by the next step only, which states a distance to what it writes."""
    buffers = [Buffer(f"b{i:02}", size, 2 * i, 2 * i + 3) for i, (size, _) in enumerate(entries)]
    sharings = [
        Sharing(above.name, below.name, 0 if exact else distance, exact)
        for above, below, (_, distance) in zip(buffers, buffers[1:], entries, strict=False)
    ]
    arena = place(buffers, sharings, tries=20)
    assert arena.bound.bytes <= arena.size
    for above, below, sharing in zip(buffers, buffers[1:], sharings, strict=False):
        if overlapping(arena, above, below):
            apart = arena.offsets[above.name] - arena.offsets[below.name]
            assert apart == 0 if exact else apart >= sharing.distance
