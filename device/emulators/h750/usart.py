"""USART3, the console. RM0433 "USART". Bytes come and go at once: a real one needs time."""

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
_BAUD, _TOLERANCE = 115200, 0.02


class Usart3(Peripheral):
    """The serial port of the ST-LINK."""

    name = "USART3"
    base = 0x40004800
    gate = (rcc.APB1LENR, 18)
    resets: ClassVar = zeros(*range(0, 0x30, 4)) | {ISR: _SENT}

    def __init__(self, chip: Chip) -> None:
        super().__init__(chip)
        self._byte = -1

    def _kernel_hz(self) -> int:
        clocks = self.chip.rcc.clocks()
        select = self.chip.rcc.values[rcc.D2CCIP2R] & 7
        hsi = rcc.HSI_HZ >> (self.chip.rcc.values[rcc.CR] >> 3 & 3)
        sources = {0: clocks.apb[1], 3: hsi, 4: rcc.CSI_HZ}
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
            early = self.chip.ports["B"].function(10) == 7
            self.demand(not early, "console.pin-early", "PB10 is USART3's before TE is set")
        super().write(offset, size, value)
        if offset == TDR:
            self._check()
            self.chip.console(value & 0xFF)

    def _check(self) -> None:
        cr1 = self.values[CR1]
        self.demand(cr1 & (_UE | _TE) == _UE | _TE, "console.setup", "UE or TE is off")
        self.demand(not cr1 & _OVER8 and not cr1 & 1 << 28, "console.setup", "not 8N1")
        baud = self._kernel_hz() / max(1, self.values[BRR])
        detail = f"{baud:.0f} baud"
        self.demand(abs(baud / _BAUD - 1) <= _TOLERANCE, "console.setup", detail)
        check_wiring(self.chip, "USART3")
