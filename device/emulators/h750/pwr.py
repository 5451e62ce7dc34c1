"""PWR: supply lock and voltage scaling. RM0433 "Power control"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from device.emulators.h750.peripheral import Countdown, Peripheral

if TYPE_CHECKING:
    from device.emulators.h750.chip import Chip

CR1, CSR1, CR2, CR3, CPUCR, D3CR = 0x00, 0x04, 0x08, 0x0C, 0x10, 0x18
_SLOW_S = 0.3  # of the model's seconds, of which two pass in one at the most
_READY, _LDO_ONLY, _SCUEN = 1 << 13, 2, 4


@dataclass(frozen=True)
class Level:
    """A voltage level and the highest clocks in Hz it allows (datasheet, operating conditions).

    Attributes:
        axi_mhz: highest AXI clock for 0, 1, 2, ... flash wait states (RM0433, FLASH).
    """

    name: str
    cpu: int
    hclk: int
    apb: int
    axi_mhz: tuple[int, ...]


_M = 1_000_000
VOS0 = Level("VOS0", 480 * _M, 240 * _M, 120 * _M, (70, 140, 210, 225, 240))
VOS1 = Level("VOS1", 400 * _M, 200 * _M, 100 * _M, (70, 140, 210, 225))
_VOS2 = Level("VOS2", 300 * _M, 150 * _M, 75 * _M, (55, 110, 165, 225))
_VOS3 = Level("VOS3", 200 * _M, 100 * _M, 50 * _M, (45, 90, 135, 180, 225))
_CODES = {3: VOS1, 2: _VOS2, 1: _VOS3, 0: _VOS3}


class Pwr(Peripheral):
    """Power control. The lower byte of CR3 can be written once after power-on."""

    name = "PWR"
    base = 0x58024800
    resets: ClassVar = {CR1: 0xF000C000, CSR1: 0x4000, CR2: 0, CR3: 6, CPUCR: 0, D3CR: 0x4000}

    def __init__(self, chip: Chip) -> None:
        super().__init__(chip)
        self._level = self._target = _VOS3
        self._scaling, self._supply = Countdown(), Countdown()
        self._supply.start(never=True)
        self._settles_at = 0.0  # seconds
        self._unread = False  # the last write of a scaling has not arrived: it was not read back
        self.run_mode = False  # ACTVOSRDY was seen set: Run* mode is over

    def level(self) -> Level:
        """The voltage that can be relied on: a higher one counts once firmware saw it ready."""
        return self._level

    def read(self, offset: int, size: int) -> int:
        value = super().read(offset, size)
        if offset == CSR1:
            ready = self._supply.look() and self._settled()
            if ready and not self.run_mode:
                self.run_mode = True
                self.chip.memories_changed()
            return value & ~_READY | (_READY if ready else 0)
        if offset == D3CR and self._unread:
            self._unread = False  # the flag of before
            return value & ~_READY | _READY
        if offset == D3CR:
            return value & ~_READY | (_READY if self._settled() else 0)
        return value

    def _settled(self) -> bool:
        if "voltage-slow" in self.chip.broken and self.chip.time.seconds < self._settles_at:
            return False
        if self._scaling.look():
            self._level = self._target
        return self._scaling.over

    def write(self, offset: int, size: int, value: int) -> None:
        if offset == CR3:
            self._write_supply(value)
        elif offset == D3CR:
            self.demand(self.run_mode, "power.vos-early", "PWR_D3CR")
            super().write(offset, size, value)
            self._scale(_CODES[value >> 14 & 3])
            self._unread = True
        else:
            super().write(offset, size, value)

    def _write_supply(self, value: int) -> None:
        if not self.values[CR3] & _SCUEN:  # locked: the low byte stays
            value = value & ~7 | self.values[CR3] & 7
        self.values[CR3] = value
        if not value & _SCUEN:
            self.demand(value & 7 == _LDO_ONLY, "power.supply", f"PWR_CR3 = {value:#x}")
            self._supply.start(never="supply" in self.chip.broken)

    def overdrive(self, on: bool) -> None:
        """SYSCFG_PWRCR.ODEN was written."""
        if on:
            allowed = self.chip.revision == "V" and self._level.name in ("VOS1", "VOS0")
            detail = f"revision {self.chip.revision}, {self._level.name}"
            self.demand(allowed, "power.overdrive", detail)
        self._scale(VOS0 if on else _CODES[self.values[D3CR] >> 14 & 3])
        self._unread = True

    def overdrive_read(self) -> None:
        """SYSCFG_PWRCR was read: the write has arrived."""
        self._unread = False

    def _scale(self, target: Level) -> None:
        self._target = target
        self._settles_at = self.chip.time.seconds + _SLOW_S
        if target.cpu < self._level.cpu:
            self._level = target
        broken = self.chip.broken
        self._scaling.start(never="voltage" in broken or ("overdrive" in broken and target is VOS0))
        self.chip.rcc.check()
