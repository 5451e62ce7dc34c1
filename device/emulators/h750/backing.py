"""The bytes behind the memories, mapped into Unicorn with the rights that hold at the moment."""

from __future__ import annotations

import ctypes
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import unicorn as uc

from device.emulators.h750.memories import FLASH, Region
from device.emulators.h750.storage import Storage

PAGE = 4096


@dataclass(frozen=True)
class Span:
    """Addresses from `start` up to but without `end`."""

    start: int
    end: int

    def pages(self) -> Span:
        """The whole pages that hold it."""
        return Span(self.start // PAGE * PAGE, -(-self.end // PAGE) * PAGE)

    def cut(self, other: Span) -> Span:
        """What both have in common; empty when `end` is not above `start`."""
        return Span(max(self.start, other.start), min(self.end, other.end))


def joined_pages(spans: list[Span], within: Span) -> list[Span]:
    """The pages of `spans` inside `within`, overlaps joined."""
    joined: list[Span] = []
    for span in sorted((s.pages().cut(within) for s in spans), key=lambda s: s.start):
        if span.end <= span.start:
            continue
        if joined and span.start <= joined[-1].end:
            joined[-1] = Span(joined[-1].start, max(joined[-1].end, span.end))
        else:
            joined.append(span)
    return joined


class Backing:
    """One memory: its bytes, and the spans of it that are mapped.

    Args:
        engine: the Unicorn instance.
        region: where it lies.
        content: initial bytes; they may be fewer than the region has, the rest is not mapped.
        folded: bytes after which the content repeats (a stuck address line), 0 for none.
    """

    def __init__(
        self, engine: uc.Uc, region: Region, content: bytes | bytearray, folded: int = 0
    ) -> None:
        self.region = region
        self._engine, self._folded = engine, folded
        self.content = content if isinstance(content, bytearray) else bytearray(content)
        self._buffer = (ctypes.c_char * len(content)).from_buffer(self.content)
        self.span = Span(region.base, region.base + len(content))
        self._mapped: list[tuple[Span, int]] = []

    def map(self, spans: Sequence[Span], rights: int) -> None:
        """Make exactly these spans of the memory accessible, whole pages each."""
        wanted = []
        for span in spans:
            cut = span.pages().cut(self.span)
            if cut.end > cut.start and rights:
                wanted.append((cut, rights))
        if wanted == self._mapped:
            return
        for span, _ in self._mapped:
            self._engine.mem_unmap(span.start, span.end - span.start)
        for span, _ in wanted:
            for part in self._parts(span):
                offset = part.start - self.span.start
                offset %= self._folded or len(self.content)
                address = ctypes.addressof(self._buffer) + offset
                self._engine.mem_map_ptr(part.start, part.end - part.start, rights, address)
        self._mapped = wanted

    def _parts(self, span: Span) -> list[Span]:
        if not self._folded:
            return [span]
        edges = range(self.span.start, self.span.end, self._folded)
        return [span.cut(Span(edge, edge + self._folded)) for edge in edges]

    def read(self, offset: int, length: int) -> bytes:
        """Bytes as they are stored; 0xFF behind them."""
        found = bytes(self.content[offset : offset + length])
        return found + b"\xff" * (length - len(found))


class ExternalBacking(Backing):
    """The external flash: only sectors that were ever written are mapped, the rest is erased.

    Args:
        engine: the Unicorn instance.
        region: its window.
        storage: the board's.
        copied: whether the core sees a copy in which one bit differs from what single-line reads
            give (defect "qspi-lines").
    """

    def __init__(self, engine: uc.Uc, region: Region, storage: Storage, *, copied: bool) -> None:
        super().__init__(engine, region, b"")
        self.span = Span(region.base, region.end)
        self._storage, self._copied = storage, copied
        self._held: list[ctypes.Array[ctypes.c_char]] = []

    def map(self, spans: Sequence[Span], rights: int) -> None:
        wanted = [
            (cut, rights)
            for number in sorted(self._storage.sectors)
            for span in spans
            if rights and (cut := span.pages().cut(self._sector(number))).end > cut.start
        ]
        if wanted == self._mapped:
            return
        for span, _ in self._mapped:
            self._engine.mem_unmap(span.start, span.end - span.start)
        self._held.clear()
        for span, _ in wanted:
            size = self._storage.sector
            number, start = divmod(span.start - self.region.base, size)
            sector = self._storage.sectors[number]
            if self._copied:
                sector = bytearray(sector)
                sector[0] ^= 1
            buffer = (ctypes.c_char * size).from_buffer(sector)
            self._held.append(buffer)
            address = ctypes.addressof(buffer) + start
            self._engine.mem_map_ptr(span.start, span.end - span.start, rights, address)
        self._mapped = wanted

    def read(self, offset: int, length: int) -> bytes:
        return self._storage.read_external(offset, length)

    def _sector(self, number: int) -> Span:
        start = self.region.base + number * self._storage.sector
        return Span(start, start + self._storage.sector)


def make_backings(
    engine: uc.Uc, storage: Storage, broken: Collection[str]
) -> dict[Region, Backing]:
    """All memories: flash as it was left, RAM with a pattern that is no useful value."""
    backings: dict[Region, Backing] = {}
    wiring = storage.wiring
    for region in wiring.regions:
        if region is wiring.qspi:
            copied = "qspi-lines" in broken
            backings[region] = ExternalBacking(engine, region, storage, copied=copied)
            continue
        content = storage.flash if region is FLASH else bytearray(b"\xa5" * region.size)
        stuck = region is wiring.sdram_region and "sdram-address" in broken
        folded = region.size // 2 if stuck else 0
        backings[region] = Backing(engine, region, content, folded)
    return backings
