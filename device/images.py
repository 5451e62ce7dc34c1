"""The files that programmers take: Intel HEX, and one raw image per memory, of the same bytes.

A flash word is programmed once after an erase, and tools write piece by piece: so there is one
piece per memory, whole words, gaps filled with 0xFF as erased flash has them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from device.boards import Memory
from device.elf import Segment

# Bytes per data record; every reader accepts 16 (Intel HEX specification, revision A).
_RECORD = 16
_ERASED = b"\xff"


def raw_image(segments: Sequence[Segment], memory: Memory) -> bytes:
    """The stored bytes of `memory`, from its origin to the end of the last word.

    Empty when nothing is stored there.
    """
    inside = [s for s in segments if s.data and memory.contains(s.load, len(s.data))]
    if not inside:
        return b""
    end = max(s.load + len(s.data) for s in inside) - memory.origin
    whole = min(-(-end // memory.word) * memory.word, memory.length)
    image = bytearray(_ERASED) * whole
    for segment in inside:
        at = segment.load - memory.origin
        image[at : at + len(segment.data)] = segment.data
    return bytes(image)


def intel_hex(segments: Sequence[Segment], memories: Iterable[Memory], entry: int) -> str:
    """The raw image of each flash memory as Intel HEX with 32-bit addresses, by address.

    Args:
        entry: start address, as the ELF header gives it with the Thumb bit.
    """
    lines: list[str] = []
    upper = 0  # what a reader assumes before the first address record
    for memory in sorted(memories, key=lambda memory: memory.origin):
        data = raw_image(segments, memory)
        if data:
            lines.extend(_data_records(upper, memory.origin, data))
            upper = (memory.origin + len(data) - 1) >> 16
    lines.append(_record(0, 5, entry.to_bytes(4, "big")))  # start linear address
    lines.append(_record(0, 1, b""))  # end of file
    return "".join(f"{line}\n" for line in lines)


def _data_records(upper: int, address: int, data: bytes) -> Iterator[str]:
    """Data records; none crosses a 64 KiB border, and a new upper half-word is announced."""
    offset = 0
    while offset < len(data):
        at = address + offset
        if at >> 16 != upper:
            upper = at >> 16
            yield _record(0, 4, upper.to_bytes(2, "big"))
        size = min(_RECORD - at % _RECORD, len(data) - offset)
        yield _record(at & 0xFFFF, 0, data[offset : offset + size])
        offset += size


def _record(address: int, kind: int, data: bytes) -> str:
    body = bytes([len(data), address >> 8, address & 0xFF, kind]) + data
    return f":{(body + bytes([-sum(body) & 0xFF])).hex().upper()}"
