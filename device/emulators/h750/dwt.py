"""DWT: the cycle counter, which here counts instructions. ARMv7-M ARM C1.8."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from device.emulators.h750.peripheral import Peripheral

if TYPE_CHECKING:
    from device.emulators.h750.chip import Chip

CTRL, CYCCNT, LAR, LSR = 0x000, 0x004, 0xFB0, 0xFB4
_UNLOCK = 0xC5ACCE55


class Dwt(Peripheral):
    """Counts only when DEMCR.TRCENA and CYCCNTENA are set; locked until LAR has its key."""

    name = "DWT"
    base = 0xE0001000
    size = 0x1000
    resets: ClassVar = {CTRL: 0x40000000, CYCCNT: 0, LAR: 0, LSR: 3}

    def __init__(self, chip: Chip) -> None:
        super().__init__(chip)
        self._locked = True
        self._since: int | None = None

    def read(self, offset: int, size: int) -> int:
        value = super().read(offset, size)
        if offset == CYCCNT and self._since is not None:
            value += self.chip.time.ticks - self._since
        return value & 0xFFFFFFFF

    def write(self, offset: int, size: int, value: int) -> None:
        if offset == LAR:
            self._locked = value != _UNLOCK
            return
        usable = self.chip.scs.trace_on and not self._locked
        self.demand(usable, "dwt.locked", f"DWT + {offset:#x} (DEMCR.TRCENA, then LAR)")
        count = self.read(CYCCNT, 4)
        super().write(offset, size, value)
        self.values[CYCCNT] = value if offset == CYCCNT else count
        counting = bool(self.values[CTRL] & 1)
        self._since = self.chip.time.ticks if counting else None
