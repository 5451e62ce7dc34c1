"""The activation arena: buffers that are never needed at the same time share bytes.

First fit with forbidden intervals that know which buffers may overlap, and seeded changes of its
order until the lower bound is met.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

# The arena itself is promised 4-byte alignment by the X-CUBE-AI interface.
ALIGNMENT = 4
# Changes of the order that are tried before the bound is given up. Thirty-nine plans of thirteen
# networks needed at most 590 (VWW with overlap, seed 2).
TRIES = 2000
# Pairs of buffers looked at in all tries together: bounds the time for networks of many buffers.
WORK = 3_000_000


@dataclass(frozen=True)
class Buffer:
    """Bytes that must stay valid from time `first` to time `last`, both included."""

    name: str
    size: int
    first: int
    last: int

    @property
    def taken(self) -> int:
        """Bytes that it takes: its size, aligned."""
        return align(self.size)

    def meets(self, other: Buffer) -> bool:
        """Whether both are needed at some time."""
        return self.first <= other.last and other.first <= self.last


@dataclass(frozen=True)
class Sharing:
    """Two buffers that live at one time and may overlap all the same.

    Safe where `above` begins at least `distance` bytes behind `below`.

    Attributes:
        above: name of the buffer that is read.
        below: name of the buffer that is written.
        exact: safe at `distance` only.
    """

    above: str
    below: str
    distance: int
    exact: bool = False


@dataclass(frozen=True)
class Bound:
    """The largest need of any one time: no arena can be smaller."""

    bytes: int
    time: int


@dataclass(frozen=True)
class Arena:
    """Buffers in their places.

    Attributes:
        offsets: by name, bytes.
        size: bytes of all, at least 4.
        bound: what no arrangement can undercut.
        tries: orders that were tried after the first ones.
    """

    offsets: Mapping[str, int]
    size: int
    bound: Bound
    tries: int


def align(size: int) -> int:
    """Round up to the arena's alignment."""
    return -(-size // ALIGNMENT) * ALIGNMENT


def place(buffers: Sequence[Buffer], sharings: Sequence[Sharing] = (), tries: int = TRIES) -> Arena:
    """Give each buffer an offset; the order in which they are given does not matter.

    Orders of buffers are placed by first fit; the best is changed at random, some buffers sent to
    the upper end, until the arena is as small as the bound or the tries are used up.
    """
    buffers = sorted(buffers, key=lambda buffer: buffer.name)
    fit = _Fit(buffers, sharings)
    bound = lower_bound(buffers, sharings)
    best, order = min(
        ((fit.size(start, frozenset(), 0), start) for start in fit.starts()), key=lambda t: t[0]
    )
    high: frozenset[int] = frozenset()
    generator = random.Random(0)
    tries = min(tries, WORK // max(1, len(buffers) ** 2))
    count = 0
    while best > bound.bytes and count < tries:
        count += 1
        other, sent = fit.changed(order, high, generator)
        size = fit.size(other, sent, bound.bytes)
        if size <= best:
            best, order, high = size, other, sent
    offsets = fit.place(order, high, bound.bytes if high else 0)
    named = {buffer.name: offsets[index] for index, buffer in enumerate(buffers)}
    return Arena(named, max(best, ALIGNMENT), bound, count)


class _Fit:
    """First fit of some buffers, which it knows by their numbers."""

    def __init__(self, buffers: Sequence[Buffer], sharings: Sequence[Sharing]) -> None:
        self._buffers = buffers
        index = {buffer.name: number for number, buffer in enumerate(buffers)}
        shared = {(index[s.above], index[s.below]): s for s in sharings}
        self._taken = [buffer.taken for buffer in buffers]
        self._rivals = [
            [
                (other, tuple(_forbidden((self._taken[mine], self._taken[other]), offers)))
                for other, rival in enumerate(buffers)
                if other != mine and buffer.meets(rival)
                for offers in [(shared.get((other, mine)), shared.get((mine, other)))]
            ]
            for mine, buffer in enumerate(buffers)
        ]

    def starts(self) -> Iterator[tuple[int, ...]]:
        """Orders to begin with: by size (Pisarchyk and Lee, "Efficient Memory Management for Deep
        Neural Net Inference"), by first and by last use."""
        numbers = range(len(self._buffers))
        of = self._buffers
        yield tuple(sorted(numbers, key=lambda n: (-of[n].size, of[n].first, of[n].name)))
        yield tuple(sorted(numbers, key=lambda n: (-of[n].size, -of[n].first, of[n].name)))
        yield tuple(sorted(numbers, key=lambda n: (of[n].first, -of[n].size, of[n].name)))
        yield tuple(sorted(numbers, key=lambda n: (-of[n].last, -of[n].size, of[n].name)))

    def changed(
        self, order: tuple[int, ...], high: frozenset[int], generator: random.Random
    ) -> tuple[tuple[int, ...], frozenset[int]]:
        """One to three moves: a buffer to another turn, or to the other end."""
        turns, sent = list(order), set(high)
        for _ in range(generator.choice((1, 1, 2, 3))):
            if generator.random() < 0.5:
                buffer = turns.pop(generator.randrange(len(turns)))
                turns.insert(generator.randrange(len(turns) + 1), buffer)
            else:
                sent ^= {generator.choice(turns)}
        return tuple(turns), frozenset(sent)

    def size(self, order: Sequence[int], high: frozenset[int], top: int) -> int:
        """Bytes of an arrangement."""
        offsets = self.place(order, high, top)
        return max((offset + self._taken[n] for n, offset in offsets.items()), default=0)

    def place(self, order: Sequence[int], high: frozenset[int], top: int) -> dict[int, int]:
        """Offsets: buffers in `high` as high as they fit below `top`, others as low as they fit."""
        offsets: dict[int, int] = {}
        for number in order:
            forbidden = [
                (start + offsets[other], end + offsets[other])
                for other, intervals in self._rivals[number]
                if other in offsets
                for start, end in intervals
            ]
            forbidden.sort()
            offset = _lowest(forbidden)
            if number in high:
                highest = _highest(forbidden, top - self._taken[number])
                offset = offset if highest is None else highest
            offsets[number] = offset
        return offsets


def _forbidden(
    taken: tuple[int, int], offers: tuple[Sharing | None, Sharing | None]
) -> Iterator[tuple[int, int]]:
    """Open intervals of forbidden offsets of a buffer, counted from another's offset.

    Args:
        taken: bytes of the buffer and of the other.
        offers: what may be shared with the other's as input and this one's as output; the opposite.
    """
    lower, upper = -taken[0], taken[1]
    as_output, as_input = offers
    sharing = as_output or as_input
    if sharing is None:
        yield lower, upper
        return
    distance = align(sharing.distance)
    meeting = -distance if as_output else distance
    if sharing.exact:
        yield lower, min(meeting, upper)
        yield max(meeting, lower), upper
    elif as_output:
        yield max(meeting, lower), upper
    else:
        yield lower, min(meeting, upper)


def _lowest(forbidden: Sequence[tuple[int, int]]) -> int:
    """The lowest offset from 0 on that lies in none of the open intervals, which are sorted."""
    offset = 0
    for start, end in forbidden:
        if start < offset < end:
            offset = end
    return offset


def _highest(forbidden: Sequence[tuple[int, int]], most: int) -> int | None:
    """The highest offset up to `most`, or None below 0."""
    offset = most
    for start, end in sorted(forbidden, key=lambda interval: -interval[1]):
        if start < offset < end:
            offset = start
    return offset if offset >= 0 else None


def lower_bound(buffers: Sequence[Buffer], sharings: Sequence[Sharing]) -> Bound:
    """The largest sum of what one time needs, overlaps at their best."""
    needs = needs_of(buffers, sharings)
    time = max(needs, key=lambda each: (needs[each], -each), default=0)
    return Bound(needs.get(time, 0), time)


def needs_of(buffers: Sequence[Buffer], sharings: Sequence[Sharing]) -> dict[int, int]:
    """Bytes that no arena can undercut, by the times at which some buffer begins."""
    above: dict[str, list[Sharing]] = {}
    for sharing in sharings:
        above.setdefault(sharing.below, []).append(sharing)
    needs = {}
    for time in sorted({buffer.first for buffer in buffers}):
        live = {b.name: b.taken for b in buffers if b.first <= time <= b.last}
        need = sum(live.values())
        for below, offers in above.items():
            if below in live:
                present = [offer for offer in offers if offer.above in live]
                need = min(need, _least(live, below, present, sum(live.values())))
        needs[time] = need
    return needs


def _least(live: Mapping[str, int], below: str, offers: Sequence[Sharing], total: int) -> int:
    """Bytes of all that lives when any of the offers may be taken.

    Inputs do not overlap each other, so those that overlap the output span at least their sum, from
    the smallest distance on.
    """
    least = total
    for choice in range(1, 1 << len(offers)):
        taken = [offer for index, offer in enumerate(offers) if choice >> index & 1]
        inside = sum(live[offer.above] for offer in taken)
        start = max(0, min(align(offer.distance) for offer in taken))
        joined = max(live[below], start + inside)
        least = min(least, total - inside - live[below] + joined)
    return least
