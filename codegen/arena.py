"""The activation arena: buffers that are never needed at the same time share bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

# The arena itself is promised 4-byte alignment by the X-CUBE-AI interface.
ALIGNMENT = 4


@dataclass(frozen=True)
class Buffer:
    """Bytes that must stay valid from time `first` to time `last`, both included."""

    name: str
    size: int
    first: int
    last: int


def align(size: int) -> int:
    """Round up to the arena's alignment."""
    return (size + ALIGNMENT - 1) // ALIGNMENT * ALIGNMENT


def place(buffers: Sequence[Buffer]) -> tuple[dict[str, int], int]:
    """Give each buffer an offset.

    Largest first, each at the lowest offset where it meets no buffer of an overlapping lifetime
    (Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net Inference", greedy by
    size).

    Returns:
        offset of each buffer in bytes, and the arena's size in bytes (at least 4).
    """
    placed: list[tuple[int, Buffer]] = []
    for buffer in sorted(buffers, key=lambda b: (-b.size, b.name)):
        rivals = sorted(
            (offset, offset + align(other.size))
            for offset, other in placed
            if other.first <= buffer.last and buffer.first <= other.last
        )
        offset = 0
        for start, end in rivals:
            if offset + align(buffer.size) <= start:
                break
            offset = max(offset, end)
        placed.append((offset, buffer))
    size = max((offset + align(buffer.size) for offset, buffer in placed), default=0)
    return {buffer.name: offset for offset, buffer in placed}, max(size, ALIGNMENT)
