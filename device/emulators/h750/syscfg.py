"""SYSCFG: overdrive and the I/O compensation cell. RM0433 "System configuration controller"."""

from __future__ import annotations

from typing import ClassVar

from device.emulators.h750 import rcc
from device.emulators.h750.peripheral import Peripheral, zeros

CCCSR, PWRCR = 0x20, 0x2C
_READY = 1 << 8


class Syscfg(Peripheral):
    """System configuration controller."""

    name = "SYSCFG"
    base = 0x58000400
    gate = (rcc.APB4ENR, 1)
    resets: ClassVar = zeros(*range(0x04, 0x28, 4), PWRCR)

    def compensated(self) -> bool:
        """Whether the compensation cell works: it is on, and so is CSI, its clock."""
        on = bool(self.values[CCCSR] & 1) and "compensation" not in self.chip.broken
        return on and self.chip.rcc.ready(1)

    def read(self, offset: int, size: int) -> int:
        value = super().read(offset, size)
        if offset == PWRCR:
            self.chip.pwr.overdrive_read()
        if offset == CCCSR:
            value = value & ~_READY | (_READY if self.compensated() else 0)
        return value

    def write(self, offset: int, size: int, value: int) -> None:
        super().write(offset, size, value)
        if offset == PWRCR:
            self.chip.pwr.overdrive(bool(value & 1))
