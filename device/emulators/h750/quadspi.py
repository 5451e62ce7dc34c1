"""QUADSPI with one or two flash chips. RM0433 "Quad-SPI interface"; errata: ES0396, ES0392."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from device.emulators.h750 import rcc
from device.emulators.h750.gpio import check_wiring
from device.emulators.h750.mt25q import Command, Mt25q
from device.emulators.h750.peripheral import Countdown, Peripheral, zeros

if TYPE_CHECKING:
    from device.emulators.h750.chip import Chip

CR, DCR, SR, FCR, DLR, CCR, AR, ABR, DR = (4 * n for n in range(9))
_EN, _ABORT, _DFM, _FSEL = 1 << 0, 1 << 1, 1 << 6, 1 << 7
_TCF, _FTF, _BUSY = 1 << 1, 1 << 2, 1 << 5
_WRITE, _READ, _POLL, _MAPPED = range(4)
_LINES = (0, 1, 2, 4)
_FREE_RUNNING = 1 << 29
_FIFO = 32
_MAX_HZ = 100_000_000  # datasheet, QUADSPI in SDR mode
_RESET_ENABLE, _RESET = 0x66, 0x99
_RECOVERY_S = 30e-6  # MT25Q: after a software reset of an idle chip
_DESELECT_NS = 50  # MT25Q: S# high time after a read


class Quadspi(Peripheral):
    """The controller.

    Args:
        chip: the chip around it.
        flashes: what is fitted; of two the first has the even bytes.

    Attributes:
        mapped: whether the window shows the flash chips.
        garbled: whether the chips do not understand the reads of the window, or none is fitted.
    """

    name = "QUADSPI"
    base = 0x52005000
    gate = (rcc.AHB3ENR, 14)
    resets: ClassVar = zeros(*range(0, 0x34, 4))

    def __init__(self, chip: Chip, flashes: tuple[Mt25q, ...]) -> None:
        super().__init__(chip)
        self.flashes = flashes
        self._clear()

    def _clear(self) -> None:
        self._busy = Countdown()
        self._fifo = bytearray()
        self._pending: int | None = None  # CCR that waits for its address or data
        self._complete = False
        self._steps: list[tuple[int, int]] = []  # writes since reset, for the start-up sequence
        self._started = False
        self._recovered_at = 0.0  # when the chips can take a command after their reset
        self.mapped = self.garbled = False

    def reset(self) -> None:
        super().reset()
        self._clear()
        self.chip.memories_changed()

    @property
    def claimed(self) -> int:
        """Bytes of the window that FSIZE claims."""
        return 1 << ((self.values[DCR] >> 16 & 0x1F) + 1)

    def _hertz(self) -> int:
        rcc_block = self.chip.rcc
        kernel = rcc_block.kernel_hz(rcc_block.values[rcc.D1CCIPR] >> 4 & 3)
        self.demand(kernel > 0, "clock.kernel", "D1CCIPR.QSPISEL")
        return (kernel or rcc_block.clocks().hclk) // ((self.values[CR] >> 24) + 1)

    def read(self, offset: int, size: int) -> int:
        if offset == SR:
            return self._status()
        if offset == DR:
            taken = bytes(self._fifo[:size])
            del self._fifo[:size]
            return int.from_bytes(taken, "little")
        return super().read(offset, size)

    def settle(self) -> None:
        """Let a transfer of a few bytes, which takes microseconds, come to its end."""
        self._busy.finish()

    def _status(self) -> int:
        done = self._busy.look()
        level = min(len(self._fifo), _FIFO)
        status = level << 8
        if not done or self.mapped:
            status |= _BUSY
        if done and self._complete and len(self._fifo) <= _FIFO:
            status |= _TCF
        if level > self.values[CR] >> 8 & 0x1F or self._pending is not None:
            status |= _FTF
        return status

    def write(self, offset: int, size: int, value: int) -> None:
        if not self._started and offset in (CR, CCR):
            self._steps.append((offset, value))
        if offset == CR and value & _ABORT:
            self.mapped, self._pending, self._complete = False, None, False
            self._fifo.clear()
            self.values[CR] = value & ~_ABORT
            self.chip.memories_changed()
            return
        if offset in (CR, DCR, DLR, CCR, AR):
            idle = self._busy.over and not self.mapped
            self.demand(idle, "qspi.busy", f"QUADSPI + {offset:#x}")
        if offset == FCR:
            self._complete = self._complete and not value & _TCF
        elif offset == DR:
            self._fifo += value.to_bytes(size, "little")
            self._try_write()
        else:
            super().write(offset, size, value)
            if offset == CCR:
                self._command(value)
            elif offset == AR and self._pending is not None and not self._has_data(self._pending):
                self._run(self._pending)

    @staticmethod
    def _has_data(ccr: int) -> bool:
        return ccr >> 26 & 3 == _WRITE and bool(ccr >> 24 & 3)

    def _command(self, ccr: int) -> None:
        self.demand(ccr != 0, "qspi.ccr-zero", "QUADSPI_CCR = 0")
        if not self.values[CR] & _EN or ccr & _FREE_RUNNING or ccr == 0:
            return
        self._check_before_command()
        if ccr & 0xFF not in (_RESET_ENABLE, _RESET):
            early = (self._recovered_at - self.chip.time.seconds) * 1e6
            self.demand(early <= 0, "qspi.recovery", f"{early:.0f} us too early")
        elif ccr & 0xFF == _RESET:
            self._recovered_at = self.chip.time.seconds + _RECOVERY_S
        self._fifo.clear()
        self._complete, self._pending = False, None
        mode, address, data = ccr >> 26 & 3, ccr >> 10 & 3, ccr >> 24 & 3
        if mode == _READ and data and not ccr >> 8 & 3 and not address:
            self.demand(ccr >> 18 & 0x1F >= 2, "qspi.data-only", f"QUADSPI_CCR = {ccr:#010x}")
        if mode == _MAPPED:
            self.garbled = not all(f.check_read(self._describe(ccr)) for f in self.flashes)
            self.mapped = True
            self.chip.memories_changed()
        elif address or self._has_data(ccr):
            self._pending = ccr
        else:
            self._run(ccr)

    def _check_before_command(self) -> None:
        if not self._started:
            # ES0392: disabled, largest prescaler, free-running clock twice, disabled again.
            wanted = [
                (CR, 0),
                (CR, 0xFF000001),
                (CCR, _FREE_RUNNING),
                (CCR, _FREE_RUNNING),
                (CR, 0),
            ]
            self.demand(self._steps[:5] == wanted, "qspi.startup", "the first command after reset")
            self._started = True
        check_wiring(self.chip, "qspi")
        dual = bool(self.values[CR] & _DFM)
        detail = f"DFM is {'set' if dual else 'clear'}, {len(self.flashes)} flash chips are fitted"
        self.demand(dual == (len(self.flashes) == 2), "qspi.dual", detail)
        hertz, prescaler = self._hertz(), self.values[CR] >> 24
        detail = f"{hertz / 1e6:g} MHz, PRESCALER {prescaler}"
        self.demand(hertz <= _MAX_HZ and prescaler > 0, "qspi.speed", detail)
        high = ((self.values[DCR] >> 8 & 7) + 1) * 1e9 / hertz
        self.demand(high >= _DESELECT_NS, "qspi.deselect", f"{high:.0f} ns (DCR.CSHT)")

    def _describe(self, ccr: int) -> Command:
        return Command(
            opcode=ccr & 0xFF,
            opcode_lines=_LINES[ccr >> 8 & 3],
            address_lines=_LINES[ccr >> 10 & 3],
            address_bytes=(ccr >> 12 & 3) + 1,
            data_lines=_LINES[ccr >> 24 & 3],
            dummy=ccr >> 18 & 0x1F,
            hertz=self._hertz(),
        )

    def _try_write(self) -> None:
        length = self.values[DLR] + 1
        if self._pending is not None and len(self._fifo) >= length:
            data = bytes(self._fifo[:length])
            self._fifo.clear()
            self._run(self._pending, data)

    def _run(self, ccr: int, data: bytes = b"") -> None:
        """Send the command to each chip; bytes of reads and writes alternate between them."""
        self._pending = None
        reading = ccr >> 26 & 3 in (_READ, _POLL)
        length = self.values[DLR] + 1 if reading and ccr >> 24 & 3 else 0
        address = self.values[AR]
        flashes = self.flashes
        if not self.values[CR] & _DFM:
            first = len(flashes) == 2 and bool(self.values[CR] & _FSEL)
            flashes = flashes[first:][:1]
        else:
            even = not (length or len(data)) & 1 and not address & 1
            self.demand(even, "qspi.dual", f"length {length or len(data)}, address {address:#x}")
        count = max(1, len(flashes))
        base = replace(self._describe(ccr), address=address // count)
        share = -(-length // count)
        parts = [
            flash.execute(replace(base, length=share, data=data[index::count]))
            for index, flash in enumerate(flashes)
        ]
        answer = bytes(byte for together in zip(*parts, strict=True) for byte in together)
        self._fifo += answer[:length].ljust(length, b"\xff")  # where no chip is: silence
        self._complete = True
        self._busy.start(never="qspi-busy" in self.chip.broken)
