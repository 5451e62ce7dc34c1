"""Executed instructions from executed blocks: what the emulator tells is a block's bytes."""

from __future__ import annotations

from collections.abc import Callable


class BlockCounter:
    """Instructions of a block of Thumb code, remembered by address and size.

    A half-word whose top five bits are 0b11101, 0b11110 or 0b11111 begins a 32-bit instruction
    (ARMv7-M ARM A5.1).

    Args:
        read: gives `size` bytes of memory from an address.

    Attributes:
        known: (address, size) -> instructions, of each block seen so far.
    """

    def __init__(self, read: Callable[[int, int], bytes]) -> None:
        self._read = read
        self.known: dict[tuple[int, int], int] = {}

    def count(self, address: int, size: int) -> int:
        """Instructions in `size` bytes at `address`."""
        key = (address, size)
        if key not in self.known:
            self.known[key] = self._decode(bytes(self._read(address, size)))
        return self.known[key]

    @staticmethod
    def _decode(code: bytes) -> int:
        instructions = offset = 0
        while offset < len(code):
            half = int.from_bytes(code[offset : offset + 2], "little")
            offset += 4 if half >> 11 in (0b11101, 0b11110, 0b11111) else 2
            instructions += 1
        return instructions
