"""The memory table: per memory what is used and free, what is in it, and why it is there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from device.boards import Memory
from device.elf import Elf, Symbol

_LARGEST = 8
# Which sections of the linker script (templates/board/firmware.ld.j2) are which object.
_SECTIONS = {
    "vectors": (".isr_vector",),
    "code": (".text", ".ARM.exidx"),
    "data": (".nn_data", ".nn_bss"),
    "stack": (".nn_stack",),
}


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


def objects(elf: Elf, placement: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The rows of placement.json that this firmware has, with what the linker made of them.

    `bytes` there is what was planned: `reserved` here, beside `linked`. What the application lacks
    (no test images, say) is left out.
    """
    sizes: dict[str, int] = {}
    for section in elf.sections:
        sizes[section.name] = sizes.get(section.name, 0) + section.size
    found = {}
    for name, row in placement.items():
        linked = sum(sizes.get(section, 0) for section in _SECTIONS.get(name, (f".nn_{name}",)))
        if linked:
            kept = {key: row[key] for key in ("run", "load", "why")}
            found[name] = {**kept, "reserved": row["bytes"], "linked": linked}
    return found


def as_json(
    table: Sequence[Region], placement: dict[str, Any], layers: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """The table as it is written to memory.json."""
    return {
        "regions": [
            {
                "name": region.memory.name,
                "kind": region.memory.kind,
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


def summary(elf: Path, table: Sequence[Region]) -> str:
    """The firmware in one line: its file, and what it takes of flash and RAM in all memories."""
    sizes = []
    for kind, name in (("flash", "flash"), ("ram", "RAM")):
        regions = [region for region in table if region.memory.kind == kind and region.used]
        if regions:
            used = sum(region.used for region in regions)
            where = ", ".join(region.memory.name for region in regions)
            sizes.append(f"{name} {used:,} bytes ({where})")
    return f"{elf}: {', '.join(sizes)}"


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
        head = f"{'object':<18}{'runs in':<12}{'stored in':<12}{'reserved':>12}{'linked':>12}"
        lines += ["", f"{head}  why"]
        lines += [
            f"{name:<18}{place['run']:<12}{place['load'] or '-':<12}"
            f"{place['reserved'] or '-':>12{',' if place['reserved'] else ''}}"
            f"{place['linked']:>12,}  {place['why']}"
            for name, place in placement.items()
        ]
    if layers:
        lines += ["", f"{'layer':<26}{'operator':<24}{'kernel':<10}  why"]
        lines += [
            f"{layer['name']:<26}{layer['op']:<24}{layer['kernel']:<10}  {layer['why']}"
            for layer in layers
        ]
    return "\n".join(line.rstrip() for line in lines) + "\n"
