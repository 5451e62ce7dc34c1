"""The STM32H750 and its board: all blocks, and the checks that involve more than one of them."""

from __future__ import annotations

from collections.abc import Callable, Collection

from device.emulators.h750.attributes import check_attributes
from device.emulators.h750.bus import Bus
from device.emulators.h750.dwt import Dwt
from device.emulators.h750.flash import Flash
from device.emulators.h750.fmc import Fmc
from device.emulators.h750.gpio import Gpio
from device.emulators.h750.identity import AxiTarget7, Dbgmcu
from device.emulators.h750.mt25q import Mt25q
from device.emulators.h750.peripheral import Peripheral
from device.emulators.h750.pwr import Pwr
from device.emulators.h750.quadspi import Quadspi
from device.emulators.h750.rcc import AHB3ENR, AHB3RSTR, Rcc
from device.emulators.h750.rules import Examiner
from device.emulators.h750.scs import Scs
from device.emulators.h750.storage import ExternalChip, Storage
from device.emulators.h750.syscfg import Syscfg
from device.emulators.h750.timekeeper import Time
from device.emulators.h750.usart import Usart

_WINDOW, _WINDOW_END = 0x90000000, 0xA0000000
_SAFE_MARGIN = 32  # a cache line: what the core fetches around the last byte (ES0396 2.4.4)

# What can be broken on the board, for testing the firmware's error paths.
DEFECTS = (
    "supply",
    "voltage",
    "voltage-slow",
    "overdrive",
    "hse",
    "hse-slow",
    "hse-bypass",
    "csi",
    "pll1",
    "wait-states",
    "compensation",
    "console",
    "qspi-busy",
    "qspi-absent",
    "qspi-vcr",
    "qspi-lines",
    "sdram-address",
)


# Further ones, for the tools that flash: another chip, and a bit of the flash that stays erased.
FLASHING_DEFECTS = ("chip-id", "flash-bit")


class Chip:
    """A board after power-on.

    Args:
        revision: silicon, "Y" or "V".
        storage: what the board keeps without power, and how it is wired.
        console: takes each byte that is sent.
        examiner: holds the rules.
        broken: names out of `DEFECTS`.
        protocol: of the flash chips at the start, out of `mt25q.PROTOCOLS`.
        chips: the flash chips, which a reset of the processor leaves as they are; None: power-on.

    Attributes:
        wiring: the board without its chip.
        receive: gives the next byte that the console received, or -1; to be replaced.
        stale: whether the rights of memories must be computed again.
        barrier_wanted: what must follow the store that stopped the core, see `barriers.py`.
        stack_limit: lowest address of the firmware's stack, 0 when it does not say.
    """

    def __init__(
        self,
        revision: str,
        storage: Storage,
        console: Callable[[int], None],
        examiner: Examiner,
        broken: Collection[str] = (),
        *,
        protocol: str = "spi",
        chips: tuple[Mt25q, ...] | None = None,
    ) -> None:
        self.wiring = storage.wiring
        self.revision, self.storage, self.console = revision, storage, console
        self.receive: Callable[[], int] = lambda: -1
        self.examiner, self.broken = examiner, frozenset(broken)
        self.stale = False
        self.barrier_wanted = ""
        self.stack_limit = 0
        self.pwr, self.flash, self.syscfg = Pwr(self), Flash(self), Syscfg(self)
        self.rcc, self.scs, self.dwt = Rcc(self), Scs(self), Dwt(self)
        self.time = Time(lambda: self.rcc.clocks().cpu)
        self.ports = {port: Gpio(self, port) for port in "ABCDEFGHIJK"}
        self.fmc, self.usart, self.axi = Fmc(self), Usart(self), AxiTarget7(self)

        if chips is None:
            chips = self._new_flash_chips(protocol)
        self.quadspi = Quadspi(self, chips)
        blocks: list[Peripheral] = [self.pwr, self.flash, self.syscfg, self.rcc, self.scs]
        blocks += [self.dwt, *self.ports.values(), self.fmc, self.usart, self.axi]
        blocks += [self.quadspi, Dbgmcu(self)]
        self.bus = Bus(blocks, self.rcc, examiner)

    def _new_flash_chips(self, protocol: str) -> tuple[Mt25q, ...]:
        fitted = self.wiring.flash_chips
        if fitted is None:
            return ()
        return tuple(
            Mt25q(
                ExternalChip(self.storage, which),
                self.examiner,
                size=fitted.size // fitted.count,
                jedec_id=fitted.jedec_id,
                protocol=protocol,
                broken=self.broken,
            )
            for which in range(fitted.count)
        )

    def memories_changed(self) -> None:
        """A register was written that decides what the core may do with memories."""
        self.stale = True

    def rcc_written(self, offset: int, before: int, after: int) -> None:
        """An RCC register other than clocks and PLLs was written."""
        if offset == AHB3RSTR and after & ~before & 1 << 14:
            self.quadspi.reset()
        register, bit = self.usart.reset_bit
        if offset == register and after & ~before & 1 << bit:
            self.usart.reset()
        self.memories_changed()
        if offset == AHB3ENR:
            self.check_window()

    def check_window(self) -> None:
        """The core may read ahead wherever the MPU lets it: not into what would hang the bus."""
        mpu = self.scs.mpu
        if self.scs.caches_on:
            check_attributes(self)
        live = self.rcc.enabled(*Quadspi.gate) or self.scs.caches_on
        if not self.quadspi.mapped:
            closed = not mpu.at(_WINDOW).read
            self.examiner.demand(not live or closed, "qspi.window-open", "MPU region missing")
            return
        unsafe = _WINDOW + self.quadspi.claimed - _SAFE_MARGIN
        reachable = unsafe < _WINDOW_END and mpu.at(unsafe).read
        detail = f"the MPU opens {unsafe:#010x}, FSIZE ends there"
        self.examiner.demand(not reachable, "qspi.safe-end", detail)

    def caches_started(self) -> None:
        """From here on the core reads ahead in earnest."""
        demand = self.examiner.demand
        demand(not self.fmc.bank1_on, "fmc.bank1", "FMC_BCR1.MBKEN")
        needs = self.revision == "Y"
        demand(not needs or self.axi.read_override, "errata.axi-sram", "AXI_TARG7_FN_MOD")
        self.check_window()
