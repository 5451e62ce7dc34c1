"""FMC: bank 1 and the SDRAM controller. RM0433 "FMC"; the chip: wiring.py."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from device.emulators.h750 import rcc
from device.emulators.h750.gpio import check_wiring
from device.emulators.h750.peripheral import Peripheral, zeros

if TYPE_CHECKING:
    from device.emulators.h750.chip import Chip
    from device.emulators.h750.wiring import Sdram

BCR1, SDCR1, SDCR2, SDTR1, SDTR2 = 0x00, 0x140, 0x144, 0x148, 0x14C
SDCMR, SDRTR, SDSR = 0x150, 0x154, 0x158
_FMCEN = 1 << 31
_SECOND_BANK = 0xD0000000
_TARGET_1, _TARGET_2 = 1 << 4, 1 << 3
_CLOCK, _PRECHARGE, _REFRESH, _LOAD = 1, 2, 3, 4
_GEOMETRY_MASK = 0x3FF  # SDCR, of the chip: NC, NR, MWID, NB, CAS, WP
_MAX_HZ = 110_000_000  # datasheet, FMC_SDCLK
_POWER_UP_S = 100e-6
# Fields of SDTR: cycles - 1.
_FIELDS = {"TXSR": 4, "TRAS": 8, "TRC": 12, "TWR": 16, "TRP": 20, "TRCD": 24}
_IN_SDTR1 = ("TRC", "TRP")  # for both banks


def _geometry(sdram: Sdram) -> int:
    """SDCR of what is wired."""
    nc, nr, mwid = sdram.columns - 8, sdram.rows - 11, (8, 16, 32).index(sdram.bits)
    return nc | nr << 2 | mwid << 4 | (sdram.banks == 4) << 6 | sdram.cas << 7


class Fmc(Peripheral):
    """Flexible memory controller with an SDRAM on one of its two SDRAM banks."""

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
        self._sdram = chip.wiring.sdram
        second = self._sdram is not None and self._sdram.base == _SECOND_BANK
        self._target = _TARGET_2 if second else _TARGET_1
        self._settings, self._times = (SDCR2, SDTR2) if second else (SDCR1, SDTR1)

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
        here = self._sdram is not None and bool(value & self._target)
        demand(here, "sdram.sequence", "a command to a bank without a chip")
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
            # Burst 1, sequential, single writes (JEDEC, mode register).
            latency = self._sdram.cas if self._sdram else 0
            found, wanted = value >> 9 & 0x1FFF, 1 << 9 | latency << 4
            demand(found == wanted, "sdram.settings", f"mode register {found:#x}, not {wanted:#x}")
        self._done.append(mode)
        busy = {
            _PRECHARGE: self._clocks("TRP"),
            _REFRESH: ((value >> 5 & 0xF) + 1) * self._clocks("TRC"),
            _LOAD: (self.values[self._times] & 0xF) + 1,
        }.get(mode, 0)
        self._free_at = self.chip.time.seconds + busy / (self._hertz() or 1.0)

    def _check_window(self) -> None:
        """Until the SDRAM answers the core must not read ahead into it."""
        region = self.chip.wiring.sdram_region
        if region is None:
            return
        found = self.chip.scs.mpu.at(region.base + region.size // 2)
        self.demand(not (found.read and found.normal), "sdram.window-open", "MPU region")

    def _check_settings(self) -> None:
        check_wiring(self.chip, "sdram")
        if self._sdram is None:
            return
        found, wanted = self.values[self._settings] & _GEOMETRY_MASK, _geometry(self._sdram)
        self.demand(found == wanted, "sdram.settings", f"SDCR = {found:#x}, not {wanted:#x}")
        hertz = self._hertz()
        detail = f"SDCLK {hertz / 1e6:g} MHz"
        most = min(_MAX_HZ, self._sdram.max_hz)
        self.demand(0 < hertz <= most, "sdram.settings", detail)
        clocks = {name: self._clocks(name) for name in _FIELDS}
        for name, needed in self._sdram.times_ns.items():
            nanoseconds = clocks[name] * 1e9 / hertz if hertz else 0.0
            detail = f"{name} is {nanoseconds:.0f} ns, at least {needed}"
            self.demand(nanoseconds >= needed, "sdram.settings", detail)
        least = max(clocks["TRAS"] - clocks["TRCD"], clocks["TRC"] - clocks["TRCD"] - clocks["TRP"])
        detail = f"TWR is {clocks['TWR']} clocks, at least {least} with these TRAS, TRC, TRCD, TRP"
        self.demand(clocks["TWR"] >= least, "sdram.write-recovery", detail)

    def _clocks(self, name: str) -> int:
        """A time of SDTR, in clocks of the SDRAM."""
        return (self.values[SDTR1 if name in _IN_SDTR1 else self._times] >> _FIELDS[name] & 0xF) + 1

    def _refresh(self, count: int) -> None:
        if self._sdram is None:
            return
        rate, least = (
            self._hertz() / (count + 1),
            1000 * (1 << self._sdram.rows) / self._sdram.refresh_ms,
        )
        detail = f"{rate:.0f} rows in a second, at least {least:.0f}"
        self.demand(rate >= least, "sdram.refresh", detail)
