"""FLASH interface: wait states. RM0433 "Embedded flash memory"."""

from __future__ import annotations

from typing import ClassVar

from device.emulators.h750.peripheral import Peripheral
from device.emulators.h750.pwr import Level

ACR = 0x00
# AXI clock in MHz up to which WRHIGHFREQ 0, 1, 2 suffices at VOS1 and VOS0.
_WRHIGHFREQ_MHZ = (70, 185, 240, 240)


class Flash(Peripheral):
    """Only the access control register; nothing programs the flash here."""

    name = "FLASH"
    base = 0x52002000
    resets: ClassVar = {ACR: 0x37, 0x0C: 0x31, 0x10: 0, 0x18: 1, 0x1C: 0, 0x40: 0x1FF00800}

    def write(self, offset: int, size: int, value: int) -> None:
        if offset == ACR and "wait-states" in self.chip.broken:
            return
        super().write(offset, size, value)
        self.chip.rcc.check()

    def check(self, hclk: int, level: Level) -> None:
        """Hold the wait states against the AXI clock in Hz."""
        latency, signal = self.values[ACR] & 0xF, self.values[ACR] >> 4 & 3
        limit = min(level.axi_mhz[min(latency, len(level.axi_mhz) - 1)], _WRHIGHFREQ_MHZ[signal])
        detail = f"AXI {hclk / 1e6:g} MHz, LATENCY {latency}, WRHIGHFREQ {signal} at {level.name}"
        self.demand(hclk <= limit * 1_000_000, "clock.flash", detail)
