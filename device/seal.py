"""The seal of external flash: what its content must be stands in the chip's own flash.

The two are written one after the other, by tools that may fail between them, so firmware looks
before it relies on it (firmware/cortex_m/seals.c). The linker script keeps a row for each external
flash that is used, and room for the build's number at that flash's start; both are filled here,
because only a linked program tells what lies there.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Sequence
from dataclasses import replace

from device.boards import Memory
from device.elf import Elf, Segment
from device.images import raw_image

# struct seal of firmware/cortex_m/seals.c: start, bytes, CRC-32, number of the build, reserved.
_ROW = struct.Struct("<3I16s4x")
_BUILD = 16


def seals(elf: Elf, memories: Sequence[Memory]) -> dict[int, bytes]:
    """What is to be written into a linked program: load address -> bytes.

    Empty for a program that uses no external flash. The number of a build is a hash of all that it
    stores, so two builds of the same bytes have the same one.
    """
    rows = _rows(elf)
    cleared = {address + 4: bytes(_ROW.size - 4) for address in rows}
    cleared |= {start: bytes(_BUILD) for start in rows.values()}
    segments = _patched(elf.segments, cleared)
    stored = [raw_image(segments, memory) for memory in memories if memory.kind == "flash"]
    build = hashlib.sha256(b"".join(stored)).digest()[:_BUILD]
    stamps = dict.fromkeys(rows.values(), build)
    segments = _patched(segments, stamps)
    found = dict(stamps)
    for address, start in rows.items():
        memory = next(m for m in memories if m.contains(start))
        image = raw_image(segments, memory)[start - memory.origin :]
        found[address] = _ROW.pack(start, len(image), zlib.crc32(image), build)
    return found


def _rows(elf: Elf) -> dict[int, int]:
    """Address of each row -> address of the flash that it is about."""
    names = {symbol.name: symbol.address for symbol in elf.symbols}
    first, end = names.get("__nn_seals_start", 0), names.get("__nn_seals_end", 0)
    found = {}
    for address in range(first, end, _ROW.size):
        segment = next(s for s in elf.segments if s.load <= address < s.load + len(s.data))
        (start,) = struct.unpack_from("<I", segment.data, address - segment.load)
        found[address] = start
    return found


def _patched(segments: Sequence[Segment], changes: dict[int, bytes]) -> list[Segment]:
    found = []
    for segment in segments:
        data = bytearray(segment.data)
        for address, new in changes.items():
            at = address - segment.load
            if 0 <= at < len(data):
                data[at : at + len(new)] = new
        found.append(replace(segment, data=bytes(data)))
    return found
