"""ADIv5: a debug port with memory access ports behind it. Arm IHI 0031, B2, C1, C2.

The access ports of an STM32H750: 0 sees what the core sees, 1 the D2 domain (not modelled), 2 the
debug bus.
"""

from __future__ import annotations

from device.debugport.memory import BusFault, Memory

DPIDR, CTRL_STAT, SELECT, RDBUFF = 0x0, 0x4, 0x8, 0xC
_IDENTITY = 0x6BA02477  # as SWD shows it; the JTAG IDCODE is the TAP's
_STICKYORUN, _STICKYCMP, _STICKYERR = 1 << 1, 1 << 4, 1 << 5
_CDBGPWRUPREQ, _CSYSPWRUPREQ = 1 << 28, 1 << 30
_CSW, _TAR, _DRW, _BD, _CFG, _BASE, _IDR = 0x00, 0x04, 0x0C, 0x10, 0xF4, 0xF8, 0xFC
_AHB_AP, _APB_AP = 0x84770001, 0x54770002
_CSW_WRITABLE = 0xFF000037
_CSW_READY = 0x40
_PACKED = 2


class MemoryAccessPort:
    """A MEM-AP.

    Args:
        memory: what it reaches.
        identity: its IDR.
        base: its BASE.
    """

    def __init__(self, memory: Memory, identity: int, base: int) -> None:
        self._memory, self._identity, self._base = memory, identity, base
        self._csw, self._tar = 0x03000000 | 2, 0

    def read(self, register: int) -> int:
        """A register; DRW and the banked ones read memory.

        Raises:
            BusFault: the memory access failed.
        """
        if register == _DRW:
            return self._transfer(None)
        if _BD <= register < _BD + 16:
            return self._memory.read_memory(self._tar & ~0xF | register & 0xC, 4)
        values = {
            _CSW: self._csw | _CSW_READY,
            _TAR: self._tar,
            _BASE: self._base,
            _IDR: self._identity,
        }
        return values.get(register, 0)

    def write(self, register: int, value: int) -> None:
        """Write a register; see `read`."""
        if register == _DRW:
            self._transfer(value)
        elif _BD <= register < _BD + 16:
            self._memory.write_memory(self._tar & ~0xF | register & 0xC, 4, value)
        elif register == _CSW:
            self._csw = value & _CSW_WRITABLE
        elif register == _TAR:
            self._tar = value

    def _transfer(self, value: int | None) -> int:
        """One DRW access: up to four bytes, in their lanes of the word."""
        size = 1 << min(self._csw & 7, 2)
        increment = self._csw >> 4 & 3
        count = 4 // size if increment == _PACKED and size < 4 else 1
        result = 0
        for _ in range(count):
            address, lane = self._tar, 8 * (self._tar & 3 & -size)
            if value is None:
                result |= self._memory.read_memory(address & -size, size) << lane
            else:
                part = value >> lane & (1 << 8 * size) - 1
                self._memory.write_memory(address & -size, size, part)
            if increment:
                # The address counts within 1 KiB (C2.2.2).
                self._tar = address & ~0x3FF | address + size & 0x3FF
        return result


class DebugPort:
    """The DP's registers, and which AP they select.

    Args:
        memory: what the access ports reach.
    """

    def __init__(self, memory: Memory) -> None:
        absent = 0x00000002
        self._ports = {
            0: MemoryAccessPort(memory, _AHB_AP, memory.rom_table | 3),
            2: MemoryAccessPort(memory, _APB_AP, absent),
        }
        self._control = self._select = self._buffer = 0

    @property
    def failed(self) -> bool:
        """Whether an access failed and that was not cleared: further ones are not made."""
        return bool(self._control & _STICKYERR)

    def read_dp(self, register: int) -> int:
        """A DP register; RDBUFF is the last AP read's value."""
        if register == RDBUFF:
            return self._buffer
        if register == CTRL_STAT and self._select & 0xF == 0:
            acknowledged = (self._control & (_CDBGPWRUPREQ | _CSYSPWRUPREQ)) << 1
            return self._control | acknowledged
        return {DPIDR: _IDENTITY, SELECT: self._select}.get(register, 0)

    def write_dp(self, register: int, value: int) -> None:
        """Write a DP register. In CTRL/STAT a one clears a sticky flag, as on JTAG."""
        if register == CTRL_STAT and self._select & 0xF == 0:
            sticky = _STICKYORUN | _STICKYCMP | _STICKYERR
            self._control = value & ~sticky | self._control & sticky & ~value
            self._control &= 0x50FFFF3F
        elif register == SELECT:
            self._select = value

    def abort(self, value: int) -> None:
        """Write ABORT: STKERRCLR and its neighbours."""
        if value & 1 << 2:
            self._control &= ~_STICKYERR

    def read_ap(self, register: int) -> int:
        """An AP register of the selected bank; 0 when the access fails (`failed`)."""
        self._buffer = 0
        port = self._ports.get(self._select >> 24)
        if port is not None and not self.failed:
            try:
                self._buffer = port.read(self._select & 0xF0 | register)
            except BusFault:
                self._control |= _STICKYERR
        return self._buffer

    def write_ap(self, register: int, value: int) -> None:
        """Write an AP register of the selected bank."""
        port = self._ports.get(self._select >> 24)
        if port is not None and not self.failed:
            try:
                port.write(self._select & 0xF0 | register, value)
            except BusFault:
                self._control |= _STICKYERR
