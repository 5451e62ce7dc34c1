"""A client of the GDB remote serial protocol, as far as running firmware to a breakpoint needs it.

Protocol: GDB manual, appendix E "GDB Remote Serial Protocol".
"""

from __future__ import annotations

import contextlib
import socket
import time
from dataclasses import dataclass

# Bytes of memory per request; the answer has twice as many digits, and QEMU's packets hold 4096.
_CHUNK = 1024


class RspError(Exception):
    """The other side broke the protocol, refused a request or went away."""


class RspTimeout(Exception):
    """The target did not stop in time."""


@dataclass(frozen=True)
class Stop:
    """Why the target stopped: a signal, or its exit (then `signal` is the exit status)."""

    signal: int
    exited: bool


class RspClient:
    """One connection to a gdb stub.

    Args:
        connection: a connected socket; the client owns it.
        timeout: seconds to wait for an answer to anything but a continue.
    """

    def __init__(self, connection: socket.socket, timeout: float = 10.0) -> None:
        self._socket, self._timeout = connection, timeout
        self._input = b""
        self._ack = True
        if self.request("QStartNoAckMode") == "OK":
            self._ack = False

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def request(self, command: str) -> str:
        """Send a command and return the answer.

        Raises:
            RspError: "E.." was the answer, or none came.
        """
        self._send(command)
        try:
            answer = self._receive(time.monotonic() + self._timeout)
        except RspTimeout:
            raise RspError(f"no answer to '{command}'") from None
        if answer.startswith("E") and len(answer) == 3:
            raise RspError(f"'{command}' was refused ({answer})")
        return answer

    def set_breakpoint(self, address: int, *, hardware: bool = True) -> None:
        """Stop before the instruction at `address` (16-bit Thumb)."""
        command = f"Z{1 if hardware else 0},{address:x},2"
        if self.request(command) != "OK":
            raise RspError(f"'{command}' is not supported")

    def clear_breakpoint(self, address: int, *, hardware: bool = True) -> None:
        """Undo `set_breakpoint`."""
        self.request(f"z{1 if hardware else 0},{address:x},2")

    def run(self, timeout: float) -> Stop:
        """Continue until the target stops.

        Raises:
            RspTimeout: it did not within `timeout` seconds; it still runs (see `interrupt`).
        """
        self._send("c")
        return self._wait(timeout)

    def interrupt(self) -> Stop:
        """Stop the running target."""
        self._socket.sendall(b"\x03")
        return self._wait(self._timeout)

    def step(self) -> Stop:
        """Execute one instruction."""
        self._send("s")
        return self._wait(self._timeout)

    def registers(self) -> list[int]:
        """r0 to r15; pc is number 15."""
        answer = bytes.fromhex(self.request("g"))
        if len(answer) < 64:
            raise RspError(f"only {len(answer)} bytes of registers")
        return [int.from_bytes(answer[4 * i : 4 * i + 4], "little") for i in range(16)]

    def read_memory(self, address: int, size: int) -> bytes:
        """Read `size` bytes.

        Raises:
            RspError: some of it is no memory.
        """
        data = bytearray()
        while len(data) < size:
            length = min(_CHUNK, size - len(data))
            part = bytes.fromhex(self.request(f"m{address + len(data):x},{length:x}"))
            if not part:
                raise RspError(f"cannot read memory at {address + len(data):#010x}")
            data += part
        return bytes(data)

    def kill(self) -> None:
        """End the target; no answer is expected."""
        with contextlib.suppress(RspError):
            self._send("k")

    def _wait(self, timeout: float) -> Stop:
        end = time.monotonic() + timeout
        while True:
            answer = self._receive(end)
            kind, value = answer[:1], answer[1:3]
            if kind in ("S", "T"):
                return Stop(int(value, 16), exited=False)
            if kind in ("W", "X"):
                return Stop(int(value, 16), exited=True)
            # "O...": console output of a stub; QEMU's `F` file requests do not occur here.

    def _send(self, command: str) -> None:
        data = command.encode("ascii")
        try:
            self._socket.sendall(b"$%s#%02x" % (data, sum(data) & 0xFF))
        except OSError as error:
            raise RspError(f"connection lost ({error})") from None

    def _receive(self, end: float) -> str:
        """The next packet; acknowledgements are skipped, run-length encoding is expanded."""
        while True:
            start = self._input.find(b"$")
            stop = self._input.find(b"#", start + 1) if start >= 0 else -1
            if start >= 0 and 0 <= stop <= len(self._input) - 3:
                packet, self._input = self._input[start + 1 : stop], self._input[stop + 3 :]
                if self._ack:
                    self._socket.sendall(b"+")
                return _expand(packet).decode("latin-1")
            self._socket.settimeout(max(0.001, end - time.monotonic()))
            try:
                data = self._socket.recv(65536)
            except TimeoutError:
                raise RspTimeout from None
            except OSError as error:
                raise RspError(f"connection lost ({error})") from None
            if not data:
                raise RspError("connection closed")
            self._input += data


def _expand(packet: bytes) -> bytes:
    """Undo "x*n" run-length encoding (GDB manual, E.1) and "}" escapes."""
    if b"*" not in packet and b"}" not in packet:
        return packet
    out = bytearray()
    index = 0
    while index < len(packet):
        byte = packet[index]
        if byte == ord("}") and index + 1 < len(packet):
            index += 1
            out.append(packet[index] ^ 0x20)
        elif byte == ord("*") and out and index + 1 < len(packet):
            index += 1
            out += bytes([out[-1]]) * (packet[index] - 29)
        else:
            out.append(byte)
        index += 1
    return bytes(out)
