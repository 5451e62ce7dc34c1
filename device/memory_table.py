"""The memory table: per memory what is used and free, what is in it, and why it is there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from device.boards import Memory
from device.elf import Elf, Symbol

_LARGEST = 8


@dataclass(frozen=True)
class Item:
    """A section in a memory.

    Attributes:
        note: where it runs, for the stored copy of what runs elsewhere; else "".
        largest: its largest functions and objects.
    """

    section: str
    address: int
    bytes: int
    note: str
    largest: tuple[Symbol, ...]


@dataclass(frozen=True)
class Region:
    """A memory and the sections in it; `used` counts alignment gaps between them, too."""

    memory: Memory
    items: tuple[Item, ...]
    used: int

    @property
    def free(self) -> int:
        """Bytes that are left."""
        return self.memory.length - self.used


def regions(elf: Elf, memories: Sequence[Memory]) -> list[Region]:
    """Sort the sections of a checked ELF (`layout.check_layout`) into the memories."""
    return [_region(elf, memory, memories) for memory in memories]


def _region(elf: Elf, memory: Memory, memories: Sequence[Memory]) -> Region:
    items = []
    for section in elf.sections:
        if memory.contains(section.run):
            largest = _largest(elf, section.run, section.size)
            items.append(Item(section.name, section.run, section.size, "", largest))
        if section.stored and section.load != section.run and memory.contains(section.load):
            runs = next((m.name for m in memories if m.contains(section.run)), "?")
            note = f"copied to {runs} at start"
            items.append(Item(section.name, section.load, section.size, note, ()))
    items.sort(key=lambda item: item.address)
    return Region(memory, tuple(items), _used(memory, items))


def _used(memory: Memory, items: Sequence[Item]) -> int:
    """Bytes that cannot be had any more: contents, the gaps between them, the reserved start.

    A gap of a page or more is room that other things could use (a stack at the far end).
    """
    used, end = memory.reserve_start, memory.origin + memory.reserve_start
    for item in items:
        gap = item.address - end
        used += item.bytes + (gap if 0 < gap < 4096 else 0)
        end = item.address + item.bytes
    return used


def _largest(elf: Elf, address: int, size: int) -> tuple[Symbol, ...]:
    inside = [s for s in elf.symbols if s.size and address <= s.address < address + size]
    inside.sort(key=lambda symbol: (-symbol.size, symbol.name))
    return tuple(inside[:_LARGEST])


def as_json(
    table: Sequence[Region], placement: dict[str, Any], layers: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """The table as it is written to memory.json."""
    return {
        "regions": [
            {
                "name": region.memory.name,
                "origin": region.memory.origin,
                "length": region.memory.length,
                "used": region.used,
                "free": region.free,
                "items": [asdict(item) for item in region.items],
            }
            for region in table
        ],
        "placement": placement,
        "layers": list(layers),
    }


def as_text(
    table: Sequence[Region], placement: dict[str, Any], layers: Sequence[dict[str, Any]]
) -> str:
    """The table for people."""
    lines = [f"{'memory':<26}{'address':<12}{'bytes':>13}{'used':>13}{'free':>13}{'used':>9}"]
    for region in table:
        memory = region.memory
        share = 100 * region.used / memory.length
        lines.append(
            f"{memory.name:<26}{memory.origin:#010x}  {memory.length:>13,}{region.used:>13,}"
            f"{region.free:>13,}{share:>7.1f} %"
        )
        for item in region.items:
            lines.append(
                f"  {item.section:<24}{item.address:#010x}  {'':>13}{item.bytes:>13,}"
                + (f"  {item.note}" if item.note else "")
            )
    if placement:
        lines += ["", f"{'object':<26}{'runs in':<12}{'stored in':<12}{'bytes':>10}  why"]
        lines += [
            f"{name:<26}{place['run']:<12}{place['load'] or '-':<12}{place['bytes']:>10,}"
            f"  {place['why']}"
            for name, place in placement.items()
        ]
    if layers:
        lines += ["", f"{'layer':<26}{'operator':<24}{'kernel':<10}  why"]
        lines += [
            f"{layer['name']:<26}{layer['op']:<24}{layer['kernel']:<10}  {layer['why']}"
            for layer in layers
        ]
    return "\n".join(line.rstrip() for line in lines) + "\n"
