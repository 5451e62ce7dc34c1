"""FMC: bank 1 and the SDRAM controller. RM0433 "FMC"; the chip: Micron MT48LC4M32B2."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from device.emulators.h750 import rcc
from device.emulators.h750.gpio import check_wiring
from device.emulators.h750.memories import SDRAM
from device.emulators.h750.peripheral import Peripheral, zeros

if TYPE_CHECKING:
    from device.emulators.h750.chip import Chip

BCR1, SDCR1, SDCR2, SDTR1, SDTR2 = 0x00, 0x140, 0x144, 0x148, 0x14C
SDCMR, SDRTR, SDSR = 0x150, 0x154, 0x158
_FMCEN = 1 << 31
_TARGET_2 = 1 << 3
_CLOCK, _PRECHARGE, _REFRESH, _LOAD = 1, 2, 3, 4
# SDCR2 of what is wired: 8 columns, 12 rows, 16 bits, 4 banks; CAS latency 3.
_GEOMETRY, _GEOMETRY_MASK = 0x1D4, 0x3FF
_MODE = 0x230  # burst 1, sequential, CAS latency 3, single writes
_MAX_HZ = 110_000_000  # datasheet, FMC_SDCLK
_ROWS_PER_SECOND = 4096 / 0.064
_POWER_UP_S = 100e-6
# Micron -6A, in ns: what each field of SDTR (cycles - 1) must give. TMRD is two clocks.
_TIMES_NS = {"TXSR": 67, "TRAS": 42, "TRC": 60, "TWR": 12, "TRP": 18, "TRCD": 18}
_FIELDS = {"TXSR": 4, "TRAS": 8, "TRC": 12, "TWR": 16, "TRP": 20, "TRCD": 24}
_IN_SDTR1 = ("TRC", "TRP")  # for both banks


class Fmc(Peripheral):
    """Flexible memory controller with SDRAM on bank 2."""

    name = "FMC"
    base = 0x52004000
    gate = (rcc.AHB3ENR, 12)
    resets: ClassVar = zeros(SDCMR, SDRTR, SDSR) | {
        BCR1: 0x30DB,
        SDCR1: 0x2D0,
        SDCR2: 0x2D0,
        SDTR1: 0x0FFFFFFF,
        SDTR2: 0x0FFFFFFF,
    }

    def __init__(self, chip: Chip) -> None:
        super().__init__(chip)
        self._clocked_at: float | None = None
        self._done: list[int] = []
        self._free_at = 0.0  # when the chip can take the next command

    @property
    def bank1_on(self) -> bool:
        """Whether bank 1 answers (and blocks) accesses."""
        return bool(self.values[BCR1] & 1)

    @property
    def ready(self) -> bool:
        """Whether the SDRAM went through its whole start sequence."""
        sequence = self._done[:4] == [_CLOCK, _PRECHARGE, _REFRESH, _LOAD]
        return sequence and bool(self.values[SDRTR] >> 1 & 0x1FFF)

    def write(self, offset: int, size: int, value: int) -> None:
        super().write(offset, size, value)
        if offset == SDCMR:
            self._command(value)
        elif offset == SDRTR:
            self._refresh(value >> 1 & 0x1FFF)
        if offset in (SDCMR, SDRTR, BCR1):
            self.chip.memories_changed()

    def _hertz(self) -> float:
        divider = self.values[SDCR1] >> 10 & 3
        rcc_block = self.chip.rcc
        kernel = rcc_block.kernel_hz(rcc_block.values[rcc.D1CCIPR] & 3)
        self.demand(kernel > 0, "clock.kernel", "D1CCIPR.FMCSEL")
        return (kernel or rcc_block.clocks().hclk) / divider if divider else 0.0

    def _command(self, value: int) -> None:
        mode = value & 7
        demand = self.demand
        demand(bool(self.values[BCR1] & _FMCEN), "sdram.sequence", "a command before FMCEN")
        demand(bool(value & _TARGET_2), "sdram.sequence", "a command to bank 1: no chip is there")
        order = [_CLOCK, _PRECHARGE, _REFRESH, _LOAD]
        step = len(self._done)
        demand(
            step < 4 and mode == order[step], "sdram.sequence", f"SDCMR mode {mode}, step {step}"
        )
        early = (self._free_at - self.chip.time.seconds) * 1e9
        detail = f"SDCMR mode {mode} comes {early:.0f} ns too early"
        demand(early <= 0, "sdram.command-delay", detail)
        if mode == _CLOCK:
            self._check_window()
            self._check_settings()
            self._clocked_at = self.chip.time.seconds
        if mode == _PRECHARGE:
            waited = self.chip.time.seconds - (self._clocked_at or 0.0)
            detail = f"precharge {waited * 1e6:.0f} us after the clock, at least 100 us"
            demand(waited >= _POWER_UP_S, "sdram.sequence", detail)
        if mode == _REFRESH:
            count = (value >> 5 & 0xF) + 1
            demand(count >= 2, "sdram.sequence", f"{count} refreshes, at least 2")
        if mode == _LOAD:
            found = value >> 9 & 0x1FFF
            demand(found == _MODE, "sdram.settings", f"mode register {found:#x}, not {_MODE:#x}")
        self._done.append(mode)
        busy = {
            _PRECHARGE: self._clocks("TRP"),
            _REFRESH: ((value >> 5 & 0xF) + 1) * self._clocks("TRC"),
            _LOAD: (self.values[SDTR2] & 0xF) + 1,
        }.get(mode, 0)
        self._free_at = self.chip.time.seconds + busy / (self._hertz() or 1.0)

    def _check_window(self) -> None:
        """Until the SDRAM answers the core must not read ahead into it."""
        found = self.chip.scs.mpu.at(SDRAM.base + SDRAM.size // 2)
        self.demand(not (found.read and found.normal), "sdram.window-open", "MPU region")

    def _check_settings(self) -> None:
        check_wiring(self.chip, "FMC")
        found = self.values[SDCR2] & _GEOMETRY_MASK
        self.demand(found == _GEOMETRY, "sdram.settings", f"SDCR2 = {found:#x}, not {_GEOMETRY:#x}")
        hertz = self._hertz()
        detail = f"SDCLK {hertz / 1e6:g} MHz"
        self.demand(0 < hertz <= _MAX_HZ, "sdram.settings", detail)
        clocks = {name: self._clocks(name) for name in _TIMES_NS}
        for name, needed in _TIMES_NS.items():
            nanoseconds = clocks[name] * 1e9 / hertz if hertz else 0.0
            detail = f"{name} is {nanoseconds:.0f} ns, at least {needed}"
            self.demand(nanoseconds >= needed, "sdram.settings", detail)
        least = max(clocks["TRAS"] - clocks["TRCD"], clocks["TRC"] - clocks["TRCD"] - clocks["TRP"])
        detail = f"TWR is {clocks['TWR']} clocks, at least {least} with these TRAS, TRC, TRCD, TRP"
        self.demand(clocks["TWR"] >= least, "sdram.write-recovery", detail)

    def _clocks(self, name: str) -> int:
        """A time of SDTR, in clocks of the SDRAM."""
        return (self.values[SDTR1 if name in _IN_SDTR1 else SDTR2] >> _FIELDS[name] & 0xF) + 1

    def _refresh(self, count: int) -> None:
        rate = self._hertz() / (count + 1)
        detail = f"{rate:.0f} rows in a second, at least {_ROWS_PER_SECOND:.0f}"
        self.demand(rate >= _ROWS_PER_SECOND, "sdram.refresh", detail)
