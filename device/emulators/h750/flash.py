"""FLASH interface: wait states, erasing and programming. RM0433 "Embedded flash memory"."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from device.emulators.h750.peripheral import Countdown, Peripheral, zeros
from device.emulators.h750.pwr import Level
from device.emulators.h750.storage import WORD

if TYPE_CHECKING:
    from device.emulators.h750.chip import Chip

ACR, KEYR, OPTKEYR, CR, SR, CCR, OPTCR = 0x00, 0x04, 0x08, 0x0C, 0x10, 0x14, 0x18
OPTSR_CUR, OPTSR_PRG, PRAR_CUR, PRAR_PRG = 0x1C, 0x20, 0x28, 0x2C
WPSN_CUR, WPSN_PRG, BOOT_CUR, BOOT_PRG, ECC_FA = 0x38, 0x3C, 0x40, 0x44, 0x60
_KEYS, _OPTION_KEYS = (0x45670123, 0xCDEF89AB), (0x08192A3B, 0x4C5D6E7F)
_LOCK, _PG, _SER, _BER, _FW, _START = 1 << 0, 1 << 1, 1 << 2, 1 << 3, 1 << 6, 1 << 7
_BSY, _WBNE, _QW, _EOP = 1 << 0, 1 << 1, 1 << 2, 1 << 16
WRPERR, _PGSERR, _STRBERR, _INCERR, RDPERR, DBECCERR = (1 << n for n in (17, 18, 19, 21, 23, 26))
_ERRORS = WRPERR | _PGSERR | _STRBERR | _INCERR | RDPERR | DBECCERR
_RDP_NONE = 0xAA
# Option byte -> registers that show it: the one in force, the one to be programmed.
_OPTIONS = {
    "optsr": (OPTSR_CUR, OPTSR_PRG),
    "prar": (PRAR_CUR, PRAR_PRG),
    "wpsn": (WPSN_CUR, WPSN_PRG),
    "boot": (BOOT_CUR, BOOT_PRG),
}
# AXI clock in MHz up to which WRHIGHFREQ 0, 1, 2 suffices at VOS1 and VOS0.
_WRHIGHFREQ_MHZ = (70, 185, 240, 240)


class Flash(Peripheral):
    """Access control, and the state machine that changes the chip's only sector.

    Args:
        chip: the chip around it.

    Attributes:
        programming: whether stores to the flash go to its write buffer.
    """

    name = "FLASH"
    base = 0x52002000
    resets: ClassVar = zeros(*range(0x00, 0x48, 4), *range(0x50, 0x64, 4)) | {
        ACR: 0x37,
        CR: 0x31,
        OPTCR: 1,
    }

    def __init__(self, chip: Chip) -> None:
        super().__init__(chip)
        for name, registers in _OPTIONS.items():
            for register in registers:
                self.values[register] = chip.storage.options[name]
        self._busy = Countdown()
        self._keys: list[int] = []
        self._option_keys: list[int] = []
        self._buffer: dict[int, int] = {}  # offset in the flash -> byte
        self.programming = False

    @property
    def read_protected(self) -> bool:
        """RDP level 1 or 2: a debugger may not touch the flash."""
        return self.values[OPTSR_CUR] >> 8 & 0xFF != _RDP_NONE

    def execute_only(self, offset: int) -> bool:
        """Whether PCROP covers an offset (areas in steps of 256 bytes)."""
        area = self.values[PRAR_CUR]
        start, end = area & 0xFFF, area >> 16 & 0xFFF
        return start <= end and start <= offset >> 8 <= end

    def read(self, offset: int, size: int) -> int:
        if offset in (KEYR, OPTKEYR, CCR):
            return 0
        value = super().read(offset, size)
        if offset == SR and not self._busy.look():
            value |= _BSY | _QW
        if offset == SR and self._buffer:
            value |= _WBNE
        return value

    def write(self, offset: int, size: int, value: int) -> None:
        if offset == ACR:
            if "wait-states" not in self.chip.broken:
                super().write(offset, size, value)
            self.chip.rcc.check()
        elif offset == KEYR:
            self._unlock(CR, self._keys, _KEYS, value)
        elif offset == OPTKEYR:
            self._unlock(OPTCR, self._option_keys, _OPTION_KEYS, value)
        elif offset == CR:
            self._control(value)
        elif offset == CCR:
            self.values[SR] &= ~(value & (_ERRORS | _EOP))
        elif offset == OPTCR:
            self._write_options(value)
        elif offset in (OPTSR_PRG, PRAR_PRG, WPSN_PRG, BOOT_PRG):
            if not self.values[OPTCR] & 1:
                super().write(offset, size, value)
        elif offset not in (SR, OPTSR_CUR, PRAR_CUR, WPSN_CUR, BOOT_CUR):
            super().write(offset, size, value)

    def _unlock(self, register: int, given: list[int], keys: tuple[int, int], key: int) -> None:
        """A wrong key or order locks the register until the next reset."""
        given.append(key)
        if tuple(given) == keys:
            self.values[register] &= ~1
            given.clear()

    def _control(self, value: int) -> None:
        if self.values[CR] & _LOCK:
            return
        self.values[CR] = value & ~(_START | _FW)
        before, self.programming = self.programming, bool(value & _PG and not value & _LOCK)
        if before != self.programming:
            self.chip.memories_changed()
        if value & _START and value & (_SER | _BER) and not value & _LOCK:
            self._erase()
        if value & _FW and self._buffer:
            self._flush()

    def _erase(self) -> None:
        self._busy.start()
        protected = not self.values[WPSN_CUR] & 1 or self.execute_only_any()
        if protected or self.read_protected:
            self.values[SR] |= WRPERR if protected else RDPERR
            return
        self.chip.storage.erase_flash()
        self.values[SR] |= _EOP
        self.chip.memories_changed()

    def execute_only_any(self) -> bool:
        """Whether PCROP covers a part of the sector."""
        area = self.values[PRAR_CUR]
        return area & 0xFFF <= area >> 16 & 0xFFF

    def store(self, offset: int, size: int, value: int) -> None:
        """A store to the flash memory itself: bytes for the write buffer."""
        status = 0
        base = offset // WORD * WORD
        if not self.programming or self.values[SR] & _ERRORS:
            status = _PGSERR
        elif any(other // WORD * WORD != base for other in self._buffer):
            status = _INCERR
        elif any(offset + i in self._buffer for i in range(size)):
            status = _STRBERR
        elif not self.values[WPSN_CUR] & 1 or self.execute_only(offset):
            status = WRPERR
        elif self.read_protected:
            status = RDPERR
        if status:
            self.values[SR] |= status
            self._buffer.clear()
            return
        for i, byte in enumerate(value.to_bytes(size, "little")):
            self._buffer[offset + i] = byte
        if len(self._buffer) == WORD:
            self._flush()

    def _flush(self) -> None:
        base = min(self._buffer) // WORD * WORD
        data = bytes(self._buffer.get(base + i, 0xFF) for i in range(WORD))
        self._buffer.clear()
        self._busy.start()
        if "flash-bit" in self.chip.broken and base == 0:
            data = bytes((data[0], data[1] | 0x80, *data[2:]))
        self.chip.storage.program_word(base, data)
        self.values[SR] |= _EOP

    def check_word(self, offset: int) -> bool:
        """Whether the ECC at an offset of the flash fits; if not, that is noted."""
        base = offset // WORD * WORD
        if base not in self.chip.storage.damaged:
            return True
        self.values[SR] |= DBECCERR
        self.values[ECC_FA] = base // WORD
        return False

    def note(self, error: int) -> None:
        """Set an error flag of the status register."""
        self.values[SR] |= error

    def _write_options(self, value: int) -> None:
        locked = bool(self.values[OPTCR] & 1)
        if not locked and value & 2:
            for name, (current, wanted) in _OPTIONS.items():
                self.chip.storage.options[name] = self.values[wanted]
                self.values[current] = self.values[wanted]
        if not locked:
            self.values[OPTCR] = value & 1

    def check(self, hclk: int, level: Level) -> None:
        """Hold the wait states against the AXI clock in Hz."""
        latency, signal = self.values[ACR] & 0xF, self.values[ACR] >> 4 & 3
        limit = min(level.axi_mhz[min(latency, len(level.axi_mhz) - 1)], _WRHIGHFREQ_MHZ[signal])
        detail = f"AXI {hclk / 1e6:g} MHz, LATENCY {latency}, WRHIGHFREQ {signal} at {level.name}"
        self.demand(hclk <= limit * 1_000_000, "clock.flash", detail)
