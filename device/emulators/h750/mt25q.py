"""One MT25Q as a state machine, command by command. Micron, MT25Q data sheet."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from device.emulators.h750.peripheral import Countdown
from device.emulators.h750.rules import Examiner

_WIP, _WEL = 1, 2  # status register: write in progress, write enable latch
_PAGE = 256
_XIP_AND_WRAP = 0x0B
# Protocol -> lines that all phases of a command use: extended SPI (1-1-1 and the reads and programs
# below), dual I/O (2-2-2), quad I/O (4-4-4). EVCR: bit 7 is 0 for quad I/O, bit 6 for dual I/O;
# where both are 0 it is quad I/O.
PROTOCOLS = {"spi": 1, "dpi": 2, "qpi": 4}
_EVCR_NO_QUAD, _EVCR_NO_DUAL = 1 << 7, 1 << 6


@dataclass(frozen=True)
class Command:
    """What the controller puts on the wires. Lines: 0 when the phase is absent, else 1, 2, 4.

    Attributes:
        address: byte address in this chip.
        dummy: clock cycles between address and data.
        length: bytes this chip shall give (reads).
        data: bytes for this chip (writes).
        hertz: the clock.
    """

    opcode: int
    opcode_lines: int
    address_lines: int
    address_bytes: int
    data_lines: int
    dummy: int
    address: int = 0
    length: int = 0
    data: bytes = b""
    hertz: int = 0


@dataclass(frozen=True)
class _Read:
    """A memory read with 32-bit address: its lines in extended SPI."""

    address_lines: int
    data_lines: int
    default_dummy: int
    max_hertz: int


# READ has no dummy cycles; the others take theirs from the VCR.
_READS = {
    0x13: _Read(1, 1, 0, 54_000_000),
    0x0C: _Read(1, 1, 8, 133_000_000),
    0x6C: _Read(1, 4, 8, 133_000_000),
    0xEC: _Read(4, 4, 10, 133_000_000),
}
_READ_SLOW = 0x13
# Page programs with 32-bit address -> lines of address and data in extended SPI; erases -> bytes.
_PROGRAMS = {0x12: (1, 1), 0x34: (1, 4), 0x3E: (4, 4)}
_ERASES = {0x21: 4 << 10, 0x5C: 32 << 10, 0xDC: 64 << 10}
_ERASE_ALL = (0xC7, 0x60)
_NOT_IN_DUAL = (0x6C, 0xEC, 0x34, 0x3E)  # reads and programs on four lines


class Cells(Protocol):
    """The memory behind the chip's commands; addresses are the chip's own."""

    def read(self, address: int, length: int) -> bytes:
        """`length` bytes."""

    def program(self, address: int, data: bytes) -> None:
        """Clear bits in one page."""

    def erase(self, address: int, size: int) -> None:
        """Set all bits of `size` bytes."""


class Mt25q:
    """A chip. Its memory belongs to the caller.

    Args:
        cells: its memory.
        examiner: holds the rules.
        size: bytes.
        jedec_id: maker, type, size; the maker in the highest byte.
        protocol: out of `PROTOCOLS`, in which the chip starts, as former code may leave it.
        broken: defects of the board (`chip.DEFECTS`).

    Attributes:
        lines: on which the chip listens: 1, 2 or 4.
    """

    def __init__(
        self,
        cells: Cells,
        examiner: Examiner,
        *,
        size: int = 64 << 20,
        jedec_id: int = 0x20BA20,
        protocol: str = "spi",
        broken: Collection[str] = (),
    ) -> None:
        self._cells, self._demand, self._broken = cells, examiner.demand, broken
        self._size, self._id = size, jedec_id.to_bytes(3, "big")
        self._power_on()
        self.lines = PROTOCOLS[protocol]

    def _power_on(self) -> None:
        self.lines = 1
        self.vcr, self.evcr = 0xFB, 0xFF
        self._write_enabled = self._reset_armed = False
        self._busy = Countdown()

    def execute(self, command: Command) -> bytes:
        """Run one command; what the chip drives on the data lines, all ones when it is silent."""
        silence = b"\xff" * command.length
        absent = "qspi-absent" in self._broken
        if absent or command.opcode_lines != self.lines:
            return silence  # on other lines than the chip listens to, nothing is understood
        armed, self._reset_armed = self._reset_armed, command.opcode == 0x66
        if command.opcode == 0x99:
            if armed:
                self._power_on()
            return silence
        if not self._busy.over and command.opcode not in (0x05, 0x70):
            return silence
        if command.opcode in _READS:
            if not self.check_read(command):
                return silence
            return self._cells.read(command.address, command.length)
        if command.opcode in _PROGRAMS:
            self._program(command)
            return silence
        if command.opcode in (*_ERASES, *_ERASE_ALL):
            self._erase(command)
            return silence
        register = self._register(command.opcode)
        if register is not None:
            if not self._check_lines(command, 0, self.lines):
                return silence
            return (register * command.length)[: command.length]
        return self._settings(command, silence)

    def _register(self, opcode: int) -> bytes | None:
        if opcode in ((0x9E, 0x9F) if self.lines == 1 else (0xAF,)):
            return self._id + b"\x00" * 17
        values = {0x85: self.vcr, 0x65: self.evcr}
        if opcode in (0x05, 0x70):
            busy = not self._busy.look()
            values[0x05] = (_WIP if busy else 0) | (_WEL if self._write_enabled else 0)
            values[0x70] = 0 if busy else 0x80
        return bytes((values[opcode],)) if opcode in values else None

    def _program(self, command: Command) -> None:
        """Program a page; an address that leaves it goes on at its start."""
        lines = self._phases(*_PROGRAMS[command.opcode])
        if not self._knows(command.opcode) or not self._check_write(command, *lines):
            return
        start, data = command.address % self._size, command.data[-_PAGE:]
        rest = _PAGE - start % _PAGE
        self._cells.program(start, data[:rest])
        if data[rest:]:
            self._cells.program(start // _PAGE * _PAGE, data[rest:])

    def _erase(self, command: Command) -> None:
        whole = command.opcode in _ERASE_ALL
        if self._check_write(command, 0 if whole else self.lines, 0):
            size = self._size if whole else _ERASES[command.opcode]
            self._cells.erase(0 if whole else command.address % self._size // size * size, size)

    def _check_write(self, command: Command, address: int, data: int) -> bool:
        """Whether the chip takes a change; if so it is busy with it."""
        if not self._write_enabled or not self._check_lines(command, address, data):
            return False
        if address and command.address_bytes != 4:
            return False
        self._write_enabled = False
        self._busy.start()
        return True

    def _settings(self, command: Command, silence: bytes) -> bytes:
        if command.opcode in (0x06, 0x04):
            self._write_enabled = command.opcode == 0x06
        elif command.opcode in (0x81, 0x61) and self._write_enabled and command.data:
            self._check_lines(command, 0, self.lines)
            self._write_enabled = False
            if command.opcode == 0x81:
                self.vcr = self.vcr if "qspi-vcr" in self._broken else command.data[0]
            else:
                self.evcr = command.data[0]
                dual = 1 if self.evcr & _EVCR_NO_DUAL else 2
                self.lines = dual if self.evcr & _EVCR_NO_QUAD else 4
        elif command.opcode in (0x35, 0xF5):
            self.lines = 4 if command.opcode == 0x35 else 1
        return silence

    def _knows(self, opcode: int) -> bool:
        return self.lines != 2 or opcode not in _NOT_IN_DUAL

    def _phases(self, address: int, data: int) -> tuple[int, int]:
        """Lines of address and data, of a command that has these in extended SPI."""
        return (address, data) if self.lines == 1 else (self.lines, self.lines)

    def check_read(self, command: Command) -> bool:
        """Hold a memory read's lines, dummy cycles and clock against the chip's settings.

        Returns:
            Whether the chip gives its memory's bytes; it matters when a rule is not held.
        """
        read = _READS.get(command.opcode) if self._knows(command.opcode) else None
        what = f"opcode {command.opcode:#04x}"
        self._demand(read is not None, "qspi.protocol", f"{what} is no memory read")
        heard = command.opcode_lines == self.lines
        self._demand(heard, "qspi.protocol", f"{what}: wrong lines")
        if read is None or not heard:
            return False
        lines = self._check_lines(command, *self._phases(read.address_lines, read.data_lines))
        self._demand(command.address_bytes == 4, "qspi.protocol", f"{what}: 4 address bytes")
        set_cycles = self.vcr >> 4
        needed = read.default_dummy if set_cycles in (0, 15) else set_cycles
        if command.opcode == _READ_SLOW:
            needed = 0
        detail = f"{what}: {command.dummy} sent, the flash expects {needed}"
        self._demand(command.dummy == needed, "qspi.dummy-cycles", detail)
        self._demand(
            self.vcr & _XIP_AND_WRAP == _XIP_AND_WRAP, "qspi.protocol", "VCR: XIP or wrap is on"
        )
        detail = f"{what} at {command.hertz / 1e6:g} MHz"
        self._demand(command.hertz <= read.max_hertz, "qspi.speed", detail)
        fitted = "qspi-absent" not in self._broken
        return fitted and lines and command.address_bytes == 4 and command.dummy == needed

    def _check_lines(self, command: Command, address: int, data: int) -> bool:
        found = (command.address_lines, command.data_lines)
        detail = f"opcode {command.opcode:#04x}: lines {found}, the flash expects {(address, data)}"
        self._demand(found == (address, data), "qspi.protocol", detail)
        return found == (address, data)
