"""The debug port, and the two ways to it: JTAG's wires, and transactions over a socket."""

from __future__ import annotations

import pytest

from device.debugport import dap
from device.debugport.dap import DebugPort
from device.debugport.tap import Tap
from device.debugport.transactions import ANSWER, HOLD_RESET, OK, REQUEST, Transactions
from device.emulators.h750 import target as debug
from device.emulators.h750.storage import Storage
from device.emulators.h750.target import Target

_RAM = 0x20000000
_CSW, _TAR, _DRW = 0x00, 0x04, 0x0C


@pytest.fixture
def target() -> Target:
    made = Target(Storage(), "V", console=lambda byte: None, say=lambda line: None)
    made.write_memory(debug.DHCSR, 4, 0xA05F0003)  # halted
    return made


def test_an_address_counts_within_a_kilobyte(target: Target) -> None:
    """ADIv5.2, C2.2.2: loaders set TAR again there."""
    port = DebugPort(target)
    port.write_ap(_CSW, 0x23000012)  # words, one after the other
    port.write_ap(_TAR, _RAM + 0x3F8)
    for value in (1, 2, 3):
        port.write_ap(_DRW, value)
    assert port.read_ap(_TAR) == _RAM + 4
    assert [target.read_memory(_RAM + at, 4) for at in (0x3F8, 0x3FC, 0)] == [1, 2, 3]


def test_the_reset_pin_is_held_and_released(target: Target) -> None:
    held: list[bool] = []
    transactions = Transactions(DebugPort(target), held.append)
    requests = b"".join(REQUEST.pack(HOLD_RESET, _DRW, value) for value in (1, 0))
    assert transactions.feed(requests) == 2 * ANSWER.pack(OK, 0)
    assert held == [True, False]


def _cycles(bits: str, tms: str = "", read: bool = False) -> bytes:
    """Clock cycles with these values of TDI; of TMS: 0 where nothing is said."""
    out = b""
    for tdi, mode in zip(bits, tms.ljust(len(bits), "0"), strict=True):
        low = int(tdi) | int(mode) << 1
        out += b"%d%s%d" % (low, b"R" if read else b"", low | 4)
    return out


def test_a_pause_loses_no_bit(target: Target) -> None:
    """IEEE 1149.1, Pause-DR: the register stands still, however long it takes."""
    tap = Tap(DebugPort(target), lambda held: None)
    # Reset, idle, Shift-DR: the core's IDCODE is behind the other one's 32 bits.
    tap.feed(_cycles("0" * 9, "111110100"))
    first = tap.feed(_cycles("0" * 12, read=True))
    # One more bit on the way out, then Exit1, a pause of forty cycles, Exit2, Shift-DR.
    first += tap.feed(_cycles("0", "1", read=True))
    assert tap.feed(_cycles("01" * 20, read=True)) == b"1" * 40
    tap.feed(_cycles("00", "10"))
    rest = tap.feed(_cycles("0" * 51, read=True))
    word = int((first + rest)[::-1], 2)
    assert {word & 0xFFFFFFFF, word >> 32} == {0x6BA00477, 0x06450041}
    assert tap.feed(b"R") == b"0"


def test_identity_of_the_debug_port(target: Target) -> None:
    assert DebugPort(target).read_dp(dap.DPIDR) == 0x6BA02477
