"""The USART of the console. RM0433 "USART". Bytes come and go at once: a real one needs time."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from device.emulators.h750 import rcc
from device.emulators.h750.gpio import check_wiring
from device.emulators.h750.peripheral import Peripheral, zeros

if TYPE_CHECKING:
    from device.emulators.h750.chip import Chip

CR1, CR2, CR3, BRR, GTPR, RTOR, RQR, ISR, ICR, RDR, TDR, PRESC = (4 * n for n in range(12))
_UE, _RE, _TE, _OVER8 = 1 << 0, 1 << 2, 1 << 3, 1 << 15
_SENT = 0xC0  # TXE and TC
_RXNE = 1 << 5
_TOLERANCE = 0.02
# USART or UART number -> base, bit in the registers of its bus (RM0433 "Memory organization", RCC).
_ON_APB2 = {1: (0x40011000, 4), 6: (0x40011400, 5)}
_ON_APB1 = {
    2: (0x40004400, 17),
    3: (0x40004800, 18),
    4: (0x40004C00, 19),
    5: (0x40005000, 20),
    7: (0x40007800, 30),
    8: (0x40007C00, 31),
}


class Usart(Peripheral):
    """The serial port that the board wires to its debug probe or header.

    Attributes:
        reset_bit: offset and bit in RCC that reset it.
    """

    resets: ClassVar = zeros(*range(0, 0x30, 4)) | {ISR: _SENT}

    def __init__(self, chip: Chip) -> None:
        super().__init__(chip)
        number = chip.wiring.usart
        self._fast_bus = number in _ON_APB2
        self.base, bit = (_ON_APB2 if self._fast_bus else _ON_APB1)[number]
        self.name, self._bit = f"USART{number}", bit
        self.reset_bit = (rcc.APB2RSTR if self._fast_bus else rcc.APB1LRSTR, bit)
        self._byte = -1

    def clock_gate(self) -> tuple[int, int]:
        return rcc.APB2ENR if self._fast_bus else rcc.APB1LENR, self._bit

    def _kernel_hz(self) -> int:
        clocks = self.chip.rcc.clocks()
        select = self.chip.rcc.values[rcc.D2CCIP2R] >> (3 if self._fast_bus else 0) & 7
        hsi = rcc.HSI_HZ >> (self.chip.rcc.values[rcc.CR] >> 3 & 3)
        sources = {0: clocks.apb[2 if self._fast_bus else 1], 3: hsi, 4: rcc.CSI_HZ}
        return sources.get(select, 0)

    def read(self, offset: int, size: int) -> int:
        value = super().read(offset, size)
        if offset == ISR:
            cr1 = self.values[CR1]
            value |= (1 << 21 if cr1 & _TE else 0) | (1 << 22 if cr1 & _RE else 0)
            if self._received(cr1):
                value |= _RXNE
            if "console" in self.chip.broken:
                value &= ~_SENT
        elif offset == RDR and self._received(self.values[CR1]):
            value, self._byte = self._byte, -1
        return value

    def _received(self, cr1: int) -> bool:
        """Whether a byte is there to be read; a receiver that is off gets none."""
        if self._byte < 0 and cr1 & (_UE | _RE) == _UE | _RE:
            self._byte = self.chip.receive()
        return self._byte >= 0

    def write(self, offset: int, size: int, value: int) -> None:
        enabled = bool(self.values[CR1] & _UE)
        self.demand(offset != BRR or not enabled, "console.baud-late", "BRR while UE is set")
        if offset == CR1 and value & ~self.values[CR1] & _TE:
            for pin, function in self.chip.wiring.pins["console"].items():
                early = self.chip.ports[pin[0]].function(int(pin[1:])) == function
                detail = f"P{pin} is {self.name}'s before TE is set"
                self.demand(not early, "console.pin-early", detail)
        super().write(offset, size, value)
        if offset == TDR:
            self._check()
            self.chip.console(value & 0xFF)

    def _check(self) -> None:
        cr1 = self.values[CR1]
        self.demand(cr1 & (_UE | _TE) == _UE | _TE, "console.setup", "UE or TE is off")
        self.demand(not cr1 & _OVER8 and not cr1 & 1 << 28, "console.setup", "not 8N1")
        baud, wanted = self._kernel_hz() / max(1, self.values[BRR]), self.chip.wiring.baud
        detail = f"{baud:.0f} baud"
        self.demand(abs(baud / wanted - 1) <= _TOLERANCE, "console.setup", detail)
        check_wiring(self.chip, "console")
