"""System control space: SysTick, SCB, cache maintenance, MPU registers. PM0253; ARMv7-M ARM B3."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from device.emulators.h750.mpu import Mpu
from device.emulators.h750.peripheral import Peripheral, zeros

if TYPE_CHECKING:
    from device.emulators.h750.chip import Chip

SYST_CTRL, SYST_LOAD, SYST_VAL = 0x010, 0x014, 0x018
CPUID, VTOR, CCR, CPACR = 0xD00, 0xD08, 0xD14, 0xD88
_SHCSR = 0xD24
CCSIDR, CSSELR = 0xD80, 0xD84
MPU_TYPE, MPU_CTRL, MPU_RNR, MPU_RBAR, MPU_RASR = 0xD90, 0xD94, 0xD98, 0xD9C, 0xDA0
DEMCR = 0xDFC
ICIALLU, DCISW = 0xF50, 0xF60
_TRCENA = 1 << 24
_DC, _IC = 1 << 16, 1 << 17
_COUNTFLAG = 1 << 16
# Size registers: 16 KiB each; data 4 ways of 128 sets, instructions 2 ways of 256, lines of 32.
_DATA_CACHE, _CODE_CACHE = 0xF00FE019, 0xF01FE009
_WAYS, _SETS = 4, 128
_PATIENCE = 64
_RELOAD_MOST = 0xFFFFFF
_FAULTS = 7 << 16  # SHCSR: USGFAULTENA, BUSFAULTENA, MEMFAULTENA
# What must follow a store to them (ARMv7-M ARM B2.2, B3.2.10, B3.5; PM0253 "Cache maintenance").
_BARRIERS = {
    VTOR: "dsb",
    CPACR: "dsb isb",
    CCR: "dsb isb",
    MPU_CTRL: "dsb isb",
    MPU_RASR: "dsb isb",
    ICIALLU: "dsb isb",
}


class Scs(Peripheral):
    """The processor's own registers, with SysTick counting instructions."""

    name = "SCS"
    base = 0xE000E000
    size = 0x1000
    resets: ClassVar = zeros(
        0x004,
        0x008,
        SYST_CTRL,
        SYST_LOAD,
        SYST_VAL,
        0x01C,
        *range(0x100, 0x114, 4),
        *range(0x180, 0x194, 4),  # NVIC enable
        *range(0x280, 0x294, 4),
        *range(0x400, 0x498, 4),  # NVIC pending, priority
        *range(0xD04, 0xD40, 4),
        0xD78,
        CCSIDR,
        CSSELR,
        CPACR,
        *range(MPU_CTRL, 0xDA4, 4),
        DEMCR,
        0xF34,
        ICIALLU,
        DCISW,
        0xF70,
        0xF74,  # FPCCR, cache operations
    ) | {CPUID: 0x411FC271, VTOR: 0x08000000, 0xD0C: 0xFA050000, CCR: 0x40200, MPU_TYPE: 0x1000}

    def __init__(self, chip: Chip) -> None:
        super().__init__(chip)
        self.mpu = Mpu()
        self._tick_start = 0
        self._ticks_seen = 0
        self._looks = 0  # at COUNTFLAG in a row, in vain
        self._code_invalid = False
        self._lines_invalid: set[int] = set()

    @property
    def fpu_on(self) -> bool:
        """Whether CPACR gives full access to CP10 and CP11."""
        return self.values[CPACR] >> 20 & 0xF == 0xF

    @property
    def trace_on(self) -> bool:
        """DEMCR.TRCENA: the DWT has a clock."""
        return bool(self.values[DEMCR] & _TRCENA)

    @property
    def caches_on(self) -> bool:
        """Whether any cache is on."""
        return bool(self.values[CCR] & (_DC | _IC))

    def read(self, offset: int, size: int) -> int:
        if offset == SYST_CTRL:
            return self._tick_control()
        if offset == SYST_VAL:
            return self._tick_value()
        if offset == CCSIDR:
            return _CODE_CACHE if self.values[CSSELR] & 1 else _DATA_CACHE
        if offset in (MPU_CTRL, MPU_RNR, MPU_RBAR, MPU_RASR):
            mpu = self.mpu
            values = (mpu.control, mpu.number, mpu.read_base(), mpu.read_attributes())
            return values[(offset - MPU_CTRL) // 4]
        return super().read(offset, size)

    def write(self, offset: int, size: int, value: int) -> None:
        before = self._word(offset)
        if offset == SYST_LOAD:
            fits = value <= _RELOAD_MOST
            self.demand(fits, "systick.reload", f"SYST_RVR = {value:#x}, 24 bits")
            value &= _RELOAD_MOST
        super().write(offset, size, value)
        if offset in _BARRIERS and (offset != MPU_RASR or value & 1):
            self.chip.barrier_wanted = _BARRIERS[offset]
            self.chip.memories_changed()  # stops the core here
        if offset in (SYST_CTRL, SYST_VAL):
            if offset == SYST_VAL or value & ~before & 1:
                self._tick_start, self._ticks_seen = self.chip.time.ticks, 0
        elif offset == ICIALLU:
            self._code_invalid = True
        elif offset == DCISW:
            self._lines_invalid.add(value & 0xC0000FE0)
        elif offset == CCR:
            self._check_caches(value & ~before)
        elif offset in (MPU_CTRL, MPU_RNR, MPU_RBAR, MPU_RASR):
            self._write_mpu(offset, value)

    def _write_mpu(self, offset: int, value: int) -> None:
        if offset == MPU_CTRL:
            self.mpu.control = value
        elif offset == MPU_RNR:
            self.mpu.number = value & 0xF
            return
        elif offset == MPU_RBAR:
            self.mpu.write_base(value)
            return  # a region counts once its size and attributes are written
        else:
            self.mpu.write_attributes(value)
        self.chip.memories_changed()
        self.chip.check_window()

    def _check_caches(self, turned_on: int) -> None:
        if turned_on & _IC:
            self.demand(self._code_invalid, "cache.invalidate", "the instruction cache")
        if turned_on & _DC:
            count = len(self._lines_invalid)
            detail = f"the data cache: {count} of {_WAYS * _SETS} lines"
            self.demand(count == _WAYS * _SETS, "cache.invalidate", detail)
        if turned_on & (_IC | _DC):
            on = self.values[_SHCSR] & _FAULTS == _FAULTS
            self.demand(on, "core.faults", f"SHCSR = {self.values[_SHCSR]:#x}")
            self.chip.caches_started()

    def _elapsed(self) -> int:
        if not self.values[SYST_CTRL] & 1:
            return 0
        return self.chip.time.ticks - self._tick_start

    def _tick_control(self) -> int:
        period = self.values[SYST_LOAD] + 1
        ticks = self._elapsed() // period
        wrapped, self._ticks_seen = ticks > self._ticks_seen, ticks
        self._looks = 0 if wrapped else self._looks + 1
        if self._looks > _PATIENCE and self.values[SYST_CTRL] & 1:
            # Flags come after a few looks (Countdown) or never: on to the next wrap.
            self.chip.time.skip(period - 1 - self._elapsed() % period)
        return self.values[SYST_CTRL] & 7 | (_COUNTFLAG if wrapped else 0)

    def _tick_value(self) -> int:
        period = self.values[SYST_LOAD] + 1
        elapsed = self._elapsed() % period
        return period - elapsed if elapsed else 0
