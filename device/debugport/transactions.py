"""Debug port transactions over a socket, for probes that need no wires: pyOCD's plug-in.

A request is an operation, a register and a value; each is answered by a status and a value, in
order, so that many can be on their way.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from device.debugport.dap import DebugPort

REQUEST, ANSWER = struct.Struct("<BBI"), struct.Struct("<BI")
READ_DP, WRITE_DP, READ_AP, WRITE_AP, HOLD_RESET = range(5)
OK, FAULT, NO_ANSWER = range(3)
_ABORT = 0x0


class Transactions:
    """One connection.

    Args:
        port: what it reaches.
        hold_reset: called with whether the reset pin is driven low.
    """

    def __init__(self, port: DebugPort, hold_reset: Callable[[bool], None]) -> None:
        self._port, self._hold_reset = port, hold_reset
        self._rest = b""
        self.dead = False

    def feed(self, data: bytes) -> bytes:
        """Take bytes of requests; the answers to whole ones."""
        data = self._rest + data
        whole = len(data) // REQUEST.size * REQUEST.size
        self._rest = data[whole:]
        answers = (self._one(*request) for request in REQUEST.iter_unpack(data[:whole]))
        return b"".join(ANSWER.pack(*answer) for answer in answers)

    def _one(self, operation: int, register: int, value: int) -> tuple[int, int]:
        port, result = self._port, 0
        if self.dead:
            return NO_ANSWER, 0
        if operation == READ_DP:
            return OK, port.read_dp(register)
        if operation == WRITE_DP:
            if register == _ABORT:
                port.abort(value)
            else:
                port.write_dp(register, value)
            return OK, 0
        if operation == HOLD_RESET:
            self._hold_reset(bool(value))
            return OK, 0
        if operation == READ_AP:
            result = port.read_ap(register)
        else:
            port.write_ap(register, value)
        return (FAULT if port.failed else OK), result
