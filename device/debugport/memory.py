"""What a debug port reaches."""

from __future__ import annotations

from typing import Protocol


class BusFault(Exception):
    """Nothing answers at that address, or what does refuses."""


class Memory(Protocol):
    """A board's address space as its access ports see it.

    Attributes:
        rom_table: address of the ROM table of the core's bus.
    """

    rom_table: int

    def read_memory(self, address: int, size: int) -> int:
        """`size` bytes (1, 2, 4) from a multiple of it.

        Raises:
            BusFault: nothing answers.
        """

    def write_memory(self, address: int, size: int, value: int) -> None:
        """See `read_memory`."""
