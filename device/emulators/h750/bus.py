"""From an address to the register block behind it; clocks are examined here."""

from __future__ import annotations

from collections.abc import Iterable

from device.emulators.h750.peripheral import Peripheral
from device.emulators.h750.rcc import Rcc
from device.emulators.h750.rules import Examiner

_SLOT = 0x400


class Bus:
    """All register blocks by address."""

    def __init__(self, blocks: Iterable[Peripheral], rcc: Rcc, examiner: Examiner) -> None:
        self._rcc, self._examiner = rcc, examiner
        self._slots: dict[int, Peripheral] = {}
        for block in blocks:
            for slot in range(block.base // _SLOT, (block.base + block.size) // _SLOT):
                self._slots[slot] = block

    def _find(self, address: int) -> Peripheral | None:
        demand = self._examiner.demand
        block = self._slots.get(address // _SLOT)
        demand(block is not None, "bus.reserved", f"address {address:#010x}")
        if block is not None:
            gate = block.clock_gate()
            on = gate is None or self._rcc.enabled(*gate)
            demand(on, "bus.clock-off", f"{block.name} at {address:#010x}")
            seen = gate is None or self._rcc.read_back(*gate)
            demand(seen, "clock.read-back", f"{block.name} at {address:#010x}")
        return block

    def knows(self, address: int) -> bool:
        """Whether there is a register block at an address."""
        return address // _SLOT in self._slots

    def read(self, address: int, size: int) -> int:
        """A load from a register."""
        block = self._find(address)
        return 0 if block is None else block.read(address - block.base, size)

    def write(self, address: int, size: int, value: int) -> None:
        """A store to a register."""
        block = self._find(address)
        if block is not None:
            block.write(address - block.base, size, value)
