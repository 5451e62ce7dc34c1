"""What the hardware demands of its firmware, one rule each, and the examiner that holds it to them.

Sources: RM0433 is the STM32H750's reference manual, ES0396 and ES0392 its errata sheets, PM0253
the Cortex-M7 programming manual, UM2488 the board's manual, AN4839 the note on its caches.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from device.schema import close_match
from support.errors import UserError


@dataclass(frozen=True)
class Rule:
    """A demand of the hardware.

    Attributes:
        name: how it is called, for `--set ignore=NAME`.
        text: what must not happen.
        source: the document that says so.
    """

    name: str
    text: str
    source: str


_ALL = (
    Rule("bus.clock-off", "a peripheral is used while its clock is off", "RM0433 RCC"),
    Rule("bus.reserved", "an address where the chip has no register in this model", "RM0433"),
    Rule("memory.none", "there is no memory at that address", "RM0433 Memory organization"),
    Rule("memory.read-only", "flash is written like RAM", "RM0433 FLASH"),
    Rule("memory.clock-off", "SRAM1 to SRAM3 are used while their clocks are off", "RM0433 RCC"),
    Rule("mpu.denied", "the MPU forbids this access", "PM0253 MPU"),
    Rule("power.run-star", "RAM is written before ACTVOSRDY was seen", "RM0433 PWR, Run* mode"),
    Rule("power.supply", "the supply is not locked to the LDO, the only one fitted", "UM2488 6.4"),
    Rule("power.vos-early", "VOS is changed before ACTVOSRDY was seen", "RM0433 PWR"),
    Rule("power.overdrive", "VOS0 needs revision V, and VOS1 ready before", "RM0433 PWR; ES0396"),
    Rule("clock.source", "a clock is selected before it is ready", "RM0433 RCC"),
    Rule("clock.hse-bypass", "HSEBYP changes while HSE is on", "RM0433 RCC_CR"),
    Rule("clock.pll-running", "a PLL is changed while it runs", "RM0433 RCC_PLLCFGR"),
    Rule("clock.pll-range", "PLL input, VCO or range setting is out of bounds", "RM0433 RCC"),
    Rule(
        "clock.pll-output", "a PLL output is used while it is off (DIVP1EN)", "RM0433 RCC_PLLCFGR"
    ),
    Rule("clock.pll-divider", "DIVP1 is odd and not 1", "RM0433 RCC_PLL1DIVR"),
    Rule("clock.kernel", "QUADSPI or FMC have no running kernel clock", "RM0433 RCC_D1CCIPR"),
    Rule("clock.read-back", "a clock is used before its enable bit was read back", "RM0433 RCC"),
    Rule("clock.voltage", "the core clock is above what the voltage allows", "datasheet"),
    Rule("clock.bus", "a bus clock is above what the voltage allows", "datasheet"),
    Rule("clock.flash", "flash has too few wait states for the AXI clock", "RM0433 FLASH"),
    Rule("pins.function", "a signal is not on the pin the board wires it to", "UM2488; datasheet"),
    Rule("pins.compensation", "fast pins without the compensation cell", "RM0433 SYSCFG"),
    Rule(
        "console.setup", "the console sends without being set up for its baud rate", "RM0433 USART"
    ),
    Rule("console.baud-late", "BRR is written while UE is set", "RM0433 USART_BRR"),
    Rule(
        "console.pin-early",
        "the pin is the USART's before TE drives its idle level",
        "RM0433 USART",
    ),
    Rule("systick.reload", "SysTick counts 24 bits", "ARMv7-M ARM B3.3"),
    Rule("core.barrier", "a store needs DSB or ISB behind it", "ARMv7-M ARM B2.2; PM0253"),
    Rule("core.faults", "faults are not told apart: SHCSR", "ARMv7-M ARM B3.2.13"),
    Rule("mpu.system-flash", "the core may read ahead in system flash", "RM0433 FLASH, RDSERR"),
    Rule("mpu.too-large", "a region opens more than its memory has", "UM2488"),
    Rule("mpu.guards", "address 0 or the end of the stack is open", "firmware/cortex_m/mpu.h"),
    Rule("errata.write-through", "stores to write-through memory can be lost", "ES0396 2.1.1"),
    Rule("fmc.bank1", "FMC bank 1 is still on when the caches start", "RM0433 FMC_BCR1"),
    Rule("errata.axi-sram", "revision Y needs READ_ISS_OVERRIDE", "ES0396 2.2.9"),
    Rule("cache.invalidate", "a cache starts without being invalidated", "AN4839 4"),
    Rule("fpu.off", "the FPU is used while CPACR keeps it off", "PM0253 FPU"),
    Rule("dwt.locked", "a DWT register is written while it is locked", "ARMv7-M ARM C1.8"),
    Rule("qspi.startup", "QUADSPI is used without its start-up sequence", "ES0392 QUADSPI"),
    Rule("qspi.busy", "a QUADSPI register is written while BUSY is set", "RM0433 QUADSPI"),
    Rule("qspi.ccr-zero", "writing 0 to QUADSPI_CCR hangs it", "ES0396 2.4.2"),
    Rule("qspi.data-only", "a data-only read without dummy cycles hangs", "ES0396 2.4.3"),
    Rule("qspi.dual", "DFM with two chips only, and even lengths and addresses", "RM0433 QUADSPI"),
    Rule(
        "qspi.speed", "QUADSPI's clock is outside of what it and the flash allow", "MT25Q; ES0392"
    ),
    Rule("qspi.deselect", "chip select is high for less than 50 ns", "MT25Q"),
    Rule("qspi.protocol", "the command's phases are not what the flash expects", "MT25Q"),
    Rule("qspi.dummy-cycles", "dummy cycles differ from the flash's setting", "MT25Q VCR"),
    Rule("qspi.recovery", "a command within 30 us after the flash chips' reset", "MT25Q"),
    Rule("qspi.not-mapped", "the QSPI window is read while it is not mapped", "RM0433 QUADSPI"),
    Rule("qspi.window-open", "the core may read ahead into the unmapped QSPI window", "AN4839 2"),
    Rule("qspi.safe-end", "a read near the size in FSIZE hangs the bus", "ES0396 2.4.4"),
    Rule("sdram.sequence", "SDRAM commands are out of order or too early", "RM0433 FMC"),
    Rule(
        "sdram.settings", "FMC settings do not fit the SDRAM chip", "the chip's data sheet; UM2488"
    ),
    Rule("sdram.write-recovery", "TWR is less than TRAS - TRCD or TRC - TRCD - TRP", "RM0433 FMC"),
    Rule("sdram.refresh", "SDRAM rows are refreshed too rarely", "the chip's data sheet"),
    Rule("sdram.command-delay", "an SDRAM command before the last one is done", "its data sheet"),
    Rule("sdram.window-open", "the core may read ahead into SDRAM before FMC runs", "AN4839 2"),
    Rule("sdram.not-ready", "SDRAM is used before its start sequence is done", "RM0433 FMC"),
    Rule("sdram.device", "SDRAM is used as device memory: no MPU region", "AN4839 table 2"),
    Rule(
        "inference.memory", "inference leaves TCM and its input image", "placement of this project"
    ),
)

RULES = {rule.name: rule for rule in _ALL}
# What no chip can do, whoever sets its clocks.
_FOR_TOOLS = ("clock.voltage", "clock.bus", "clock.flash")


class RuleBroken(Exception):
    """Firmware did what the hardware does not allow."""

    def __init__(self, rule: Rule, detail: str) -> None:
        super().__init__(rule.name)
        self.rule, self.detail = rule, detail


class Examiner:
    """Stops the run where a rule is broken.

    Args:
        ignored: names of rules that are not held.

    Raises:
        UserError: an ignored rule does not exist.
    """

    def __init__(self, ignored: Collection[str] = ()) -> None:
        for name in ignored:
            if name not in RULES:
                raise UserError(f"no rule '{name}'", close_match(name, RULES))
        self._ignored = frozenset(ignored)

    def holds(self, name: str) -> bool:
        """Whether the rule is examined at all."""
        return RULES[name].name not in self._ignored

    def demand(self, kept: bool, name: str, detail: str) -> None:
        """Raise `RuleBroken` unless the rule is kept or ignored."""
        if not kept and self.holds(name):
            raise RuleBroken(RULES[name], detail)


class TargetRules(Examiner):
    """An examiner that can be told that a debugger has taken over: it holds tools to a few rules.

    Args:
        ignored: names of rules that are never held.

    Attributes:
        strict: whether all rules are held now.
    """

    def __init__(self, ignored: Collection[str] = ()) -> None:
        super().__init__(ignored)
        self.strict = False

    def holds(self, name: str) -> bool:
        return (self.strict or name in _FOR_TOOLS) and super().holds(name)
