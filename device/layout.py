"""Does an ELF fit its board? Every byte has a place in a memory that can hold it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from device.boards import Memory
from device.elf import Elf, Section, Segment
from support.errors import UserError


def find_memory(memories: Sequence[Memory], address: int, size: int) -> Memory | None:
    """The memory that holds all `size` bytes from `address`, or None."""
    return next((m for m in memories if m.contains(address, size)), None)


def check_layout(elf: Elf, memories: Sequence[Memory]) -> None:
    """Check segments and sections against the memories.

    Raises:
        UserError: something lies outside every memory or across the end of one, is stored in RAM,
            lies in reserved bytes, shares a flash word with something else, or is written or
            executed where that is not allowed.
    """
    for segment in elf.segments:
        _check_segment(elf, memories, segment)
    _check_words(elf, memories)
    for section in elf.sections:
        _check_section(elf, memories, section)


def _check_segment(elf: Elf, memories: Sequence[Memory], segment: Segment) -> None:
    _inside(elf, memories, "load segment", segment.run, segment.size)
    if not segment.data:
        return
    memory = _inside(elf, memories, "stored bytes", segment.load, len(segment.data))
    if memory.kind != "flash":
        raise UserError(
            f"{elf.path}: {len(segment.data)} bytes are stored at {segment.load:#010x} in "
            f"'{memory.name}', which is empty after power-on",
            "give their section a load region in the linker script",
        )


def _check_words(elf: Elf, memories: Sequence[Memory]) -> None:
    """A tool may write each segment on its own, and a flash word can be written once."""
    stored = sorted((s for s in elf.segments if s.data), key=lambda s: s.load)
    for low, high in pairwise(stored):
        end = low.load + len(low.data)
        memory = find_memory(memories, high.load, 1)
        if memory and (end - 1) // memory.word == high.load // memory.word:
            raise UserError(
                f"{elf.path}: two load segments share the {memory.word}-byte flash word at "
                f"{high.load // memory.word * memory.word:#010x}, which can be programmed once",
                f"align what is stored to {memory.word} in the linker script",
            )


def _check_section(elf: Elf, memories: Sequence[Memory], section: Section) -> None:
    memory = _inside(elf, memories, f"section {section.name}", section.run, section.size)
    problem = ""
    if section.writable and "w" not in memory.access:
        problem = "is writable"
    if section.executable and "x" not in memory.access:
        problem = "holds code"
    if problem:
        raise UserError(
            f"{elf.path}: section {section.name} {problem}, but lies in '{memory.name}' "
            f"with access '{memory.access}'"
        )


def _inside(elf: Elf, memories: Sequence[Memory], what: str, address: int, size: int) -> Memory:
    memory = find_memory(memories, address, size)
    if memory is None:
        raise UserError(
            f"{elf.path}: {what} at {address:#010x}..{address + size - 1:#010x} "
            "lies in no memory of the board",
            "known: "
            + ", ".join(f"{m.name} {m.origin:#010x}..{m.end - 1:#010x}" for m in memories),
        )
    if address < memory.origin + memory.reserve_start:
        raise UserError(
            f"{elf.path}: {what} at {address:#010x} lies in the first {memory.reserve_start} "
            f"bytes of '{memory.name}', which stay empty"
        )
    return memory
