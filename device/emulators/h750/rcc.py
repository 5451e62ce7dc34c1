"""RCC: oscillators, PLL1, dividers, clock gates. RM0433 "Reset and clock control"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from device.emulators.h750.peripheral import Countdown, Peripheral, zeros

if TYPE_CHECKING:
    from device.emulators.h750.chip import Chip

CR, CFGR, D1CFGR, D2CFGR, D3CFGR = 0x00, 0x10, 0x18, 0x1C, 0x20
PLLCKSELR, PLLCFGR, PLL1DIVR, PLL1FRACR = 0x28, 0x2C, 0x30, 0x34
D1CCIPR, D2CCIP1R, D2CCIP2R, D3CCIPR = 0x4C, 0x50, 0x54, 0x58
AHB3RSTR, APB1LRSTR, APB2RSTR = 0x7C, 0x90, 0x98
AHB3ENR, AHB1ENR, AHB2ENR, AHB4ENR = 0xD4, 0xD8, 0xDC, 0xE0
APB3ENR, APB1LENR, APB1HENR, APB2ENR, APB4ENR = 0xE4, 0xE8, 0xEC, 0xF0, 0xF4

HSION, HSIRDY, CSION, CSIRDY = 1 << 0, 1 << 2, 1 << 7, 1 << 8
HSEON, HSERDY, HSEBYP, PLL1ON, PLL1RDY = 1 << 16, 1 << 17, 1 << 18, 1 << 24, 1 << 25
_D1CKRDY_D2CKRDY = 3 << 14
_SLOW_HSE_S = 0.03  # of the model's seconds, of which two pass in one at the most
_DIVP1EN, _DIVQ1EN = 1 << 16, 1 << 17

HSI_HZ, CSI_HZ = 64_000_000, 4_000_000
# RGE: input range of the PLL in MHz. VCO in MHz, wide and medium range (RM0433, PLL).
_INPUT_MHZ = ((1, 2), (2, 4), (4, 8), (8, 16))
_VCO_WIDE_MHZ, _VCO_MEDIUM_MHZ = (192, 960), (150, 420)


@dataclass(frozen=True)
class Clocks:
    """Frequencies in Hz: core, AXI and AHB (HCLK), the four APB buses."""

    cpu: int
    hclk: int
    apb: tuple[int, int, int, int]


class Rcc(Peripheral):
    """Reset and clock control.

    Args:
        chip: the chip around it.
    """

    name = "RCC"
    base = 0x58024400
    resets: ClassVar = zeros(
        *range(0x04, 0x78, 4), *range(0x7C, 0xA4, 4), *range(0xD0, 0xF8, 4)
    ) | {
        CR: 0x25,
        PLLCKSELR: 0x02020200,
        PLLCFGR: 0x01FF0000,
        PLL1DIVR: 0x01010280,
        0x38: 0x01010280,
        0x40: 0x01010280,
    }

    def __init__(self, chip: Chip) -> None:
        super().__init__(chip)
        self._hse_at = 0.0  # seconds
        self._hse_hz = chip.wiring.hse_hz
        self._unread: dict[int, int] = {}  # enable bits that were set and not read back
        self._hse, self._csi, self._pll1, self._switch = (Countdown() for _ in range(4))

    def enabled(self, register: int, bit: int) -> bool:
        """Whether a clock gate is open."""
        return bool(self.values[register] >> bit & 1)

    def read_back(self, register: int, bit: int) -> bool:
        """Whether an enable bit was read back after it was set: its clock runs by then."""
        return not self._unread.get(register, 0) >> bit & 1

    def _hse_may_be_up(self) -> bool:
        return "hse-slow" not in self.chip.broken or self.chip.time.seconds >= self._hse_at

    def kernel_hz(self, select: int) -> int:
        """QUADSPI's or FMC's kernel clock, as their fields of D1CCIPR number them; 0: none."""
        if select == 0:
            return self.clocks().hclk
        if select == 1:
            divider = (self.values[PLL1DIVR] >> 16 & 0x7F) + 1
            on = self.ready(3) and self.values[PLLCFGR] & _DIVQ1EN
            return int(self._pll1_vco() / divider) if on else 0
        if select == 3:
            source = self.values[D1CCIPR] >> 28 & 3
            hz = (HSI_HZ >> (self.values[CR] >> 3 & 3), CSI_HZ, self._hse_hz, 0)[source]
            return hz if source < 3 and self.ready(source) else 0
        return 0  # PLL2 is not in this model, so it never runs

    def ready(self, source: int) -> bool:
        """Whether a source as CFGR.SW and PLLSRC number them (0 HSI, 1 CSI, 2 HSE, 3 PLL1) runs."""
        cr = self.values[CR]
        return (
            bool(cr & HSION),
            bool(cr & CSION) and self._csi.over,
            bool(cr & HSEON) and self._hse.over and self._hse_may_be_up(),
            bool(cr & PLL1ON) and self._pll1.over,
        )[source & 3]

    def read(self, offset: int, size: int) -> int:
        value = super().read(offset, size)
        if self._unread.pop(offset, 0):
            self.chip.memories_changed()
        if offset == CR:
            value &= ~(HSIRDY | CSIRDY | HSERDY | PLL1RDY)
            value |= HSIRDY if value & HSION else 0
            value |= CSIRDY if value & CSION and self._csi.look() else 0
            up = value & HSEON and self._hse.look() and self._hse_may_be_up()
            value |= HSERDY if up else 0
            value |= PLL1RDY if value & PLL1ON and self._pll1.look() else 0
            value |= _D1CKRDY_D2CKRDY
        elif offset == CFGR:
            value = value & ~(7 << 3) | (value & 7) << 3 if self._switch.look() else value
            self.values[CFGR] = value
        return value

    def write(self, offset: int, size: int, value: int) -> None:
        if offset == CR:
            self._write_cr(value)
        elif offset in (PLLCKSELR, PLLCFGR, PLL1DIVR, PLL1FRACR):
            on = self.values[CR] & PLL1ON
            changed = value != self.values[offset]
            self.demand(not (on and changed), "clock.pll-running", f"RCC + {offset:#x}")
            super().write(offset, size, value)
        elif offset == CFGR:
            source = value & 7
            self.demand(self.ready(source), "clock.source", f"CFGR.SW = {source}")
            output = source != 3 or bool(self.values[PLLCFGR] & _DIVP1EN)
            self.demand(output, "clock.pll-output", "PLL1 is selected, DIVP1EN is off")
            super().write(offset, size, value & ~(7 << 3) | self.values[CFGR] & 7 << 3)
            self._switch.start()
        else:
            before = super().read(offset, size)
            if AHB3ENR <= offset <= APB4ENR:
                self._unread[offset] = self._unread.get(offset, 0) & value | value & ~before
            super().write(offset, size, value)
            self.chip.rcc_written(offset, before, value)
        self.check()

    def _write_cr(self, value: int) -> None:
        before = self.values[CR]
        turned_on = value & ~before
        if before & value & HSEON:
            same = not (before ^ value) & HSEBYP
            self.demand(same, "clock.hse-bypass", "RCC_CR.HSEBYP")
        if turned_on & CSION:
            self._csi.start(never="csi" in self.chip.broken)
        if turned_on & HSEON:
            broken = self.chip.broken
            missing = "hse" in broken or ("hse-bypass" in broken and bool(value & HSEBYP))
            self._hse.start(never=missing)
            slow = _SLOW_HSE_S if "hse-slow" in broken else 0.0
            self._hse_at = self.chip.time.seconds + slow
        if turned_on & PLL1ON:
            self._pll1.start(never="pll1" in self.chip.broken)
        off = before & ~value
        in_use = {0: HSION, 1: CSION, 2: HSEON, 3: PLL1ON}[self.values[CFGR] & 3]
        self.demand(not off & in_use, "clock.source", "the clock in use is switched off")
        self.values[CR] = value
        if turned_on & PLL1ON:
            self._check_pll1()

    def _check_pll1(self) -> None:
        source = self.values[PLLCKSELR] & 3
        self.demand(source != 3 and self.ready(source), "clock.source", f"PLLSRC = {source}")
        divider = self.values[PLLCKSELR] >> 4 & 0x3F
        self.demand(divider != 0, "clock.pll-range", "DIVM1 = 0 switches PLL1 off")
        low, high = _INPUT_MHZ[self.values[PLLCFGR] >> 2 & 3]
        mhz = self._pll1_input() / 1e6
        self.demand(low <= mhz <= high, "clock.pll-range", f"input {mhz:g} MHz, range {low}-{high}")
        low, high = _VCO_MEDIUM_MHZ if self.values[PLLCFGR] & 2 else _VCO_WIDE_MHZ
        mhz = self._pll1_vco() / 1e6
        self.demand(low <= mhz <= high, "clock.pll-range", f"VCO {mhz:g} MHz")
        divider = (self.values[PLL1DIVR] >> 9 & 0x7F) + 1
        even = divider == 1 or divider % 2 == 0
        self.demand(even, "clock.pll-divider", f"DIVP1 = {divider}")

    def _pll1_input(self) -> float:
        source = (HSI_HZ, CSI_HZ, self._hse_hz, 0)[self.values[PLLCKSELR] & 3]
        return source / max(1, self.values[PLLCKSELR] >> 4 & 0x3F)

    def _pll1_vco(self) -> float:
        return self._pll1_input() * ((self.values[PLL1DIVR] & 0x1FF) + 1)

    def clocks(self) -> Clocks:
        """All frequencies, from the registers."""
        hsi = HSI_HZ >> (self.values[CR] >> 3 & 3)
        pll1 = self._pll1_vco() / ((self.values[PLL1DIVR] >> 9 & 0x7F) + 1)
        system = int((hsi, CSI_HZ, self._hse_hz, pll1)[self.values[CFGR] & 3])
        d1, d2, d3 = (self.values[offset] for offset in (D1CFGR, D2CFGR, D3CFGR))
        cpu = system // _divider(d1 >> 8)
        hclk = cpu // _divider(d1)
        apb = [hclk // _apb_divider(f) for f in (d1 >> 4, d2 >> 4, d2 >> 8, d3 >> 4)]
        return Clocks(cpu, hclk, (apb[0], apb[1], apb[2], apb[3]))

    def check(self) -> None:
        """Hold the clocks against the voltage and the flash wait states."""
        if self.values[CFGR] & 7 == 0:
            return  # on HSI, as after reset: the maker's own setting, whatever the table says
        clocks, level = self.clocks(), self.chip.pwr.level()
        self.demand(
            clocks.cpu <= level.cpu, "clock.voltage", f"{clocks.cpu / 1e6:g} MHz at {level.name}"
        )
        for name, hz, limit in (
            ("AXI", clocks.hclk, level.hclk),
            ("APB", max(clocks.apb), level.apb),
        ):
            self.demand(hz <= limit, "clock.bus", f"{name} {hz / 1e6:g} MHz at {level.name}")
        self.chip.flash.check(clocks.hclk, level)


def _divider(field: int) -> int:
    """HPRE and D1CPRE: below 8 no division, then 2, 4, 8, 16, 64, 128, 256, 512."""
    field &= 0xF
    return 1 if field < 8 else (2, 4, 8, 16, 64, 128, 256, 512)[field - 8]


def _apb_divider(field: int) -> int:
    field &= 7
    return 1 if field < 4 else 2 << (field - 4)
