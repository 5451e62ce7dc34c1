"""Small blocks: DBGMCU's identity code, and the AXI interconnect's override. RM0433."""

from __future__ import annotations

from typing import ClassVar

from device.emulators.h750.peripheral import Peripheral

IDCODE, TARG7_FN_MOD = 0x00, 0x108
_DEVICE = 0x450
_OTHER_DEVICE = 0x419  # an STM32F42x
# REV_ID of the silicon revisions (ES0396, "Device revisions").
REVISIONS = {"Y": 0x1003, "V": 0x2003}


class Dbgmcu(Peripheral):
    """Who am I."""

    name = "DBGMCU"
    base = 0x5C001000
    # CR, then the freeze registers of the four APBs.
    resets: ClassVar = {IDCODE: 0, **dict.fromkeys((0x04, 0x34, 0x3C, 0x4C, 0x54), 0)}

    def read(self, offset: int, size: int) -> int:
        if offset == IDCODE:
            device = _OTHER_DEVICE if "chip-id" in self.chip.broken else _DEVICE
            return REVISIONS[self.chip.revision] << 16 | device
        return super().read(offset, size)


class AxiTarget7(Peripheral):
    """AXI_TARG7_FN_MOD: how AXI SRAM answers reads."""

    name = "AXI_TARG7"
    base = 0x51008000
    resets: ClassVar = {TARG7_FN_MOD: 0}

    @property
    def read_override(self) -> bool:
        """READ_ISS_OVERRIDE, which revision Y needs."""
        return bool(self.values[TARG7_FN_MOD] & 1)
