"""JTAG as OpenOCD's remote_bitbang driver speaks it: two TAPs in a chain, one byte for each edge.

The driver's protocol: OpenOCD's sources, doc/manual/jtag/drivers/remote_bitbang.txt. TAP states:
IEEE 1149.1. JTAG-DP: Arm IHI 0031, B3. A clock cycle is a byte with TCK low, "R" when TDO is
sampled, and a byte with TCK high; whole runs of cycles that stay in a state are taken at once,
because a flash image is tens of millions of bytes of this.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from device.debugport.dap import DebugPort

# State -> (next with TMS low, next with TMS high).
_NEXT = {
    "reset": ("idle", "reset"),
    "idle": ("idle", "select-dr"),
    "select-dr": ("capture-dr", "select-ir"),
    "capture-dr": ("shift-dr", "exit1-dr"),
    "shift-dr": ("shift-dr", "exit1-dr"),
    "exit1-dr": ("pause-dr", "update-dr"),
    "pause-dr": ("pause-dr", "exit2-dr"),
    "exit2-dr": ("shift-dr", "update-dr"),
    "update-dr": ("idle", "select-dr"),
    "select-ir": ("capture-ir", "reset"),
    "capture-ir": ("shift-ir", "exit1-ir"),
    "shift-ir": ("shift-ir", "exit1-ir"),
    "exit1-ir": ("pause-ir", "update-ir"),
    "pause-ir": ("pause-ir", "exit2-ir"),
    "exit2-ir": ("shift-ir", "update-ir"),
    "update-ir": ("idle", "select-dr"),
}
_STAYS = re.compile(rb"(?:[01]R?[45])+")  # whole cycles with TMS low
_TDI = bytes.maketrans(b"45", b"01")
_LINES = b"rstu"  # TRST in bit 1, SRST in bit 0

# The core's TAP: 4-bit instructions; IDCODE of the JTAG-DP (OpenOCD's target/stm32h7x.cfg).
_CORE_IR, _ABORT, _DPACC, _APACC, _CORE_IDCODE = 4, 0b1000, 0b1010, 0b1011, 0b1110
_CORE_ID = 0x6BA00477
_CORE_LENGTHS = {_ABORT: 35, _DPACC: 35, _APACC: 35, _CORE_IDCODE: 32}
# The boundary scan TAP: 5-bit instructions (RM0433 "JTAG debug port").
_SCAN_IR, _SCAN_IDCODE = 5, 0b00001
_SCAN_ID = 0x06450041
_OK = 0b010


class Tap:
    """The chain TDI, boundary scan, core, TDO.

    Args:
        port: behind the core's TAP.
        hold_reset: called with whether SRST is driven low.
    """

    def __init__(self, port: DebugPort, hold_reset: Callable[[bool], None]) -> None:
        self._port, self._hold_reset = port, hold_reset
        self._state = "reset"
        self._core, self._scan = _CORE_IDCODE, _SCAN_IDCODE
        self._shift = self._length = 0
        self._result = 0  # of the transaction before
        self._clock = True
        self.dead = False

    def feed(self, data: bytes) -> bytes:
        """Take bytes from the driver; what it reads back."""
        out = bytearray()
        position, end = 0, len(data)
        while position < end:
            if self._clock:
                run = _STAYS.match(data, position)
                if run and self._stay(run.group(), out):
                    position = run.end()
                    continue
            self._one(data[position], out)
            position += 1
        return bytes(out)

    def _stay(self, cycles: bytes, out: bytearray) -> bool:
        """Cycles with TMS low in a state that they do not leave; False elsewhere."""
        if self._state in ("shift-dr", "shift-ir"):
            samples = cycles.count(b"R")
            edges = cycles.replace(b"R", b"")[1::2].translate(_TDI)
            count = len(edges)
            if samples not in (0, count):
                return False
            if self.dead:
                out += b"0" * samples
                return True
            bits = self._shift | int(edges[::-1], 2) << self._length
            if samples:
                out += format(bits & (1 << count) - 1, f"0{count}b")[::-1].encode()
            self._shift = bits >> count
            return True
        if self._state in ("idle", "pause-dr", "pause-ir"):
            out += b"1" * cycles.count(b"R")
            return True
        return False

    def _one(self, byte: int, out: bytearray) -> None:
        if 0x30 <= byte <= 0x37:
            rises = bool(byte & 4) and not self._clock
            self._clock = bool(byte & 4)
            if rises:
                self._step(bool(byte & 2), byte & 1)
        elif byte == 0x52:  # R
            shifting = self._state in ("shift-dr", "shift-ir")
            out += b"0" if self.dead else b"01"[self._shift & 1 :][:1] if shifting else b"1"
        elif byte in _LINES:
            lines = _LINES.index(byte)
            if lines & 2:
                self._enter_reset()
            self._hold_reset(bool(lines & 1))

    def _step(self, tms: bool, tdi: int) -> None:
        """A rising edge of TCK."""
        if self._state in ("shift-dr", "shift-ir"):
            self._shift = (self._shift | tdi << self._length) >> 1
        self._state = _NEXT[self._state][tms]
        if self._state == "reset":
            self._enter_reset()
        elif self._state == "capture-ir":
            self._length, self._shift = _CORE_IR + _SCAN_IR, 0b00001_0001
        elif self._state == "update-ir":
            self._core, self._scan = self._shift & 0xF, self._shift >> _CORE_IR & 0x1F
        elif self._state == "capture-dr":
            self._capture()
        elif self._state == "update-dr":
            self._update()

    def _enter_reset(self) -> None:
        self._state, self._core, self._scan = "reset", _CORE_IDCODE, _SCAN_IDCODE

    def _capture(self) -> None:
        core = _CORE_LENGTHS.get(self._core, 1)
        value = 0
        if self._core in (_DPACC, _APACC):
            value = self._result << 3 | _OK
        elif self._core == _CORE_IDCODE:
            value = _CORE_ID
        scan = 32 if self._scan == _SCAN_IDCODE else 1
        if scan == 32:
            value |= _SCAN_ID << core
        self._shift, self._length = (0, 1) if self.dead else (value, core + scan)

    def _update(self) -> None:
        if self.dead or self._core not in (_ABORT, _DPACC, _APACC):
            return
        value = self._shift & (1 << 35) - 1
        reads, register, data = value & 1, (value >> 1 & 3) << 2, value >> 3
        port = self._port
        if self._core == _ABORT:
            port.abort(data)
        elif self._core == _DPACC and reads:
            self._result = port.read_dp(register)
        elif self._core == _DPACC:
            port.write_dp(register, data)
        elif reads:
            self._result = port.read_ap(register)
        else:
            port.write_ap(register, data)
