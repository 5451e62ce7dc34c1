"""What the model holds tools to: a debugger's own accesses, and a loader that it starts."""

from __future__ import annotations

import pytest

from device.debugport.memory import BusFault
from device.emulators.h750 import pwr, rcc
from device.emulators.h750 import target as debug
from device.emulators.h750.flash import ACR
from device.emulators.h750.memories import FLASH
from device.emulators.h750.storage import Storage
from device.emulators.h750.target import Target

_RAM = 0x20000000
# str r1, [r0]; bkpt 0
_STORE = 0xBE006001
# ldr r1, [r0]; str r1, [r2]; bkpt 0
_COPY = (0x60116801, 0xBE00)
_PLL1 = 3  # CFGR.SW


class Bench:
    """A board without firmware, a debugger on it, and what the board says."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.target = Target(Storage(), "V", console=lambda byte: None, say=self.said.append)
        self.write(debug.DHCSR, 0xA05F0003)  # halted
        self.said.clear()

    def write(self, address: int, value: int) -> None:
        """A word, by the debugger."""
        self.target.write_memory(address, 4, value)

    def rcc(self, offset: int, value: int) -> None:
        """A register of RCC."""
        self.write(self.target.chip.rcc.base + offset, value)

    def ready_pll1(self, megahertz: int) -> None:
        """PLL1 from HSI, as OpenOCD's board/stm32h750b-disco.cfg sets it: AXI runs as fast."""
        self.write(self.target.chip.flash.base + ACR, 0x34)
        self.rcc(rcc.PLLCKSELR, 0x40)  # 64 MHz / 4
        self.rcc(rcc.PLLCFGR, 0x0001000C)
        self.rcc(rcc.PLL1DIVR, 1 << 9 | (megahertz * 2 // 16 - 1))
        for offset, dividers in ((rcc.D1CFGR, 0x40), (rcc.D2CFGR, 0x440), (rcc.D3CFGR, 0x40)):
            self.rcc(offset, dividers)
        self.rcc(rcc.CR, self.target.chip.rcc.values[rcc.CR] | rcc.PLL1ON)

    def start(self, registers: dict[int, int]) -> None:
        """Run what lies at `_RAM`, with these in core registers."""
        for register, value in {**registers, 15: _RAM}.items():
            self.write(debug.DCRDR, value)
            self.write(debug.DCRSR, 1 << 16 | register)
        self.write(debug.DHCSR, 0xA05F0001)
        self.target.run(10)

    @property
    def state(self) -> tuple[int, int]:
        """DHCSR.S_HALT and S_LOCKUP."""
        status = self.target.read_memory(debug.DHCSR, 4)
        return status >> 17 & 1, status >> 19 & 1

    def raise_voltage(self) -> None:
        """VOS1, waited for."""
        power = self.target.chip.pwr
        for offset, value in ((pwr.CR3, 2), (pwr.D3CR, 3 << 14)):
            self.write(power.base + offset, value)
            for _ in range(5):  # ACTVOSRDY, then VOSRDY
                self.target.read_memory(power.base + pwr.CSR1, 4)
                self.target.read_memory(power.base + pwr.D3CR, 4)

    def select_pll1(self) -> None:
        """The clock is PLL1 from here on."""
        self.rcc(rcc.CFGR, _PLL1)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_debugger_may_not_set_axi_above_its_voltage(bench: Bench) -> None:
    bench.ready_pll1(192)
    with pytest.raises(BusFault):
        bench.select_pll1()
    assert bench.said == [
        "the tool breaks the rule clock.bus: a bus clock is above what the voltage allows "
        "(AXI 192 MHz at VOS3)"
    ]
    # A tool that goes on all the same gets nowhere, not even after a reset.
    bench.target.hold_reset(True)
    bench.target.hold_reset(False)
    for address in (_RAM, debug.DHCSR, bench.target.chip.rcc.base):
        with pytest.raises(BusFault):
            bench.target.read_memory(address, 4)
        with pytest.raises(BusFault):
            bench.write(address, 0)
    assert bench.target.refuses


def test_what_the_voltage_allows_is_allowed(bench: Bench) -> None:
    """100 MHz at VOS3 (datasheet, "General operating conditions"); 192 once VOS1 was awaited."""
    bench.ready_pll1(96)
    bench.select_pll1()
    higher = Bench()
    higher.raise_voltage()
    higher.ready_pll1(192)
    higher.select_pll1()
    assert higher.target.chip.rcc.clocks().hclk == 192_000_000
    assert not bench.target.refuses and not higher.target.refuses
    assert not bench.said and not higher.said


def test_a_debugger_may_not_take_the_wait_states_away(bench: Bench) -> None:
    bench.ready_pll1(96)
    bench.select_pll1()
    with pytest.raises(BusFault):
        bench.write(bench.target.chip.flash.base + ACR, 0x30)
    assert "breaks the rule clock.flash: " in bench.said[0]


def test_a_loader_that_sets_such_a_clock_locks_up(bench: Bench) -> None:
    bench.ready_pll1(192)
    bench.write(_RAM, _STORE)
    bench.start({0: bench.target.chip.rcc.base + rcc.CFGR, 1: _PLL1})
    assert bench.state == (1, 1)
    assert len(bench.said) == 1
    assert bench.said[0].startswith("0x20000000 breaks the rule clock.bus: ")


def test_a_core_that_runs_is_halted_and_goes_on(bench: Bench) -> None:
    """DHCSR.C_HALT (Armv7-M Architecture Reference Manual, C1.6.2)."""
    loop = 0xE7FEE7FE  # b .
    bench.write(_RAM, loop)
    bench.write(debug.DCRDR, _RAM)
    bench.write(debug.DCRSR, 1 << 16 | 15)
    bench.write(debug.DFSR, 0x1F)

    def state() -> tuple[int, int]:
        """S_HALT, and DFSR.HALTED, which a halt sets and the debugger clears."""
        halted = bench.target.read_memory(debug.DHCSR, 4) >> 17 & 1
        return halted, bench.target.read_memory(debug.DFSR, 4) & 1

    found = [state()]
    for control in (1, 3, 3, 1):
        bench.write(debug.DHCSR, 0xA05F0000 | control)
        found.append(state())
        bench.write(debug.DFSR, 0x1F)
    # Running, halted, still halted and not again, running.
    assert found == [(1, 0), (0, 0), (1, 1), (1, 0), (0, 0)]


def test_code_that_the_debugger_writes_over_other_code_is_what_runs(bench: Bench) -> None:
    """As a loader's functions do, one after the other in one place."""
    bench.write(_RAM, _STORE)
    bench.start({0: _RAM + 16, 1: 5})
    bench.write(_RAM, 0xBE006041)  # str r1, [r0, #4]; bkpt 0
    bench.start({0: _RAM + 16, 1: 6})
    assert [bench.target.read_memory(_RAM + at, 4) for at in (16, 20)] == [5, 6]
    assert bench.state == (1, 0)


def test_only_a_breakpoint_halts(bench: Bench) -> None:
    """Any other exception finds no handler: nobody set VTOR."""
    bench.write(_RAM, 0xBE00DF00)  # svc 0; bkpt 0
    bench.start({})
    assert bench.state == (1, 1)
    assert bench.said == ["0x20000002: a fault, and no debugger is there"]


def test_flash_whose_ecc_does_not_fit_is_not_read(bench: Bench) -> None:
    """Neither by the debugger nor by the core (RM0433, "FLASH_SR", DBECCERR)."""
    bench.write(_RAM + 16, 7)
    for at, code in enumerate(_COPY):
        bench.write(_RAM + 4 * at, code)
    bench.start({0: FLASH.base, 2: _RAM + 16})
    assert bench.state == (1, 0)
    assert bench.target.read_memory(_RAM + 16, 4) == 0xFFFFFFFF
    bench.write(_RAM + 16, 7)
    bench.target.storage.damaged.add(0)
    bench.target.chip.memories_changed()
    with pytest.raises(BusFault):
        bench.target.read_memory(FLASH.base, 4)
    bench.start({0: FLASH.base, 2: _RAM + 16})
    assert bench.state == (1, 1)
    assert bench.target.read_memory(_RAM + 16, 4) == 7
