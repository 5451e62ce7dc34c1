"""A debug probe for pyOCD, found by its entry point `pyocd.probe`: the debug port of a model board.

Runs in pyOCD's process. NN2FLASH_MODEL_PORT names the port of `transactions.py` on this computer.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Sequence
from typing import Any

from pyocd.core import exceptions
from pyocd.core.plugin import Plugin
from pyocd.probe.debug_probe import DebugProbe

from device.debugport import transactions as wire

_PORT = "NN2FLASH_MODEL_PORT"
_ID = "nn2flash-model"
_DEFAULT_PROTOCOLS = (DebugProbe.Protocol.DEFAULT, DebugProbe.Protocol.SWD)


class ModelProbe(DebugProbe):  # type: ignore[misc]
    """The probe. Accesses follow each other in order; a failed one clears nothing."""

    @classmethod
    def get_all_connected_probes(
        cls, unique_id: str | None = None, is_explicit: bool = False
    ) -> Sequence[DebugProbe]:
        """The one model board, when there is one."""
        return [cls()] if os.environ.get(_PORT) else []

    @classmethod
    def get_probe_with_id(cls, unique_id: str, is_explicit: bool = False) -> DebugProbe | None:
        """The model board, when it is meant."""
        return cls() if os.environ.get(_PORT) and unique_id == _ID else None

    def __init__(self) -> None:
        super().__init__()
        self._socket: socket.socket | None = None
        self._connected = self._in_reset = False

    @property
    def description(self) -> str:
        """How lists call it."""
        return f"{self.vendor_name} {self.product_name}"

    @property
    def vendor_name(self) -> str:
        """Who made it."""
        return "nn2flash"

    @property
    def product_name(self) -> str:
        """What it is."""
        return "model board"

    @property
    def supported_wire_protocols(self) -> Sequence[DebugProbe.Protocol]:
        """Transactions are the same on both; sticky errors are cleared as on SWD."""
        return _DEFAULT_PROTOCOLS

    @property
    def unique_id(self) -> str:
        """Its serial number."""
        return _ID

    @property
    def wire_protocol(self) -> DebugProbe.Protocol | None:
        """The protocol in use."""
        return DebugProbe.Protocol.SWD if self._connected else None

    @property
    def is_open(self) -> bool:
        """Whether it is in use."""
        return self._socket is not None

    @property
    def capabilities(self) -> set[DebugProbe.Capability]:
        """None beyond the basic ones: pyOCD selects access ports and banks itself."""
        return set()

    def open(self) -> None:
        """Connect to the board."""
        address = ("127.0.0.1", int(os.environ[_PORT]))
        self._socket = socket.create_connection(address)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def close(self) -> None:
        """Disconnect from the board."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def connect(self, protocol: DebugProbe.Protocol | None = None) -> None:
        """Begin to talk to the debug port."""
        self._connected = True

    def disconnect(self) -> None:
        """End it."""
        self._connected = False

    def set_clock(self, frequency: float) -> None:
        """Nothing: there is no wire."""

    def reset(self) -> None:
        """Pull the reset pin low for a moment."""
        self.assert_reset(True)
        self.assert_reset(False)

    def assert_reset(self, asserted: bool) -> None:
        """Drive the reset pin."""
        self._in_reset = asserted
        self._transfer([(wire.HOLD_RESET, 0, int(asserted))])

    def is_reset_asserted(self) -> bool:
        """Whether the pin is low."""
        return self._in_reset

    def flush(self) -> None:
        """Nothing: no access is kept back."""

    def read_dp(self, addr: int, now: bool = True) -> Any:
        """A DP register."""
        return _late(self._transfer([(wire.READ_DP, addr & 0xC, 0)])[0], now)

    def write_dp(self, addr: int, data: int) -> None:
        """Write a DP register."""
        self._transfer([(wire.WRITE_DP, addr & 0xC, data)])

    def read_ap(self, addr: int, now: bool = True) -> Any:
        """A register of the selected AP and bank."""
        return _late(self._transfer([(wire.READ_AP, addr & 0xC, 0)])[0], now)

    def write_ap(self, addr: int, data: int) -> None:
        """Write a register of the selected AP and bank."""
        self._transfer([(wire.WRITE_AP, addr & 0xC, data)])

    def read_ap_multiple(self, addr: int, count: int = 1, now: bool = True) -> Any:
        """The same register several times."""
        return _late(self._transfer([(wire.READ_AP, addr & 0xC, 0)] * count), now)

    def write_ap_multiple(self, addr: int, values: Sequence[int]) -> None:
        """Several values into the same register."""
        self._transfer([(wire.WRITE_AP, addr & 0xC, value) for value in values])

    def _transfer(self, requests: Sequence[tuple[int, int, int]]) -> list[int]:
        """Make accesses; the values that they answer.

        Raises:
            TransferFaultError: an access failed; those behind it were not made.
            TransferError: the board does not answer.
        """
        if self._socket is None:
            raise exceptions.ProbeError("the probe is not open")
        try:
            self._socket.sendall(b"".join(wire.REQUEST.pack(*request) for request in requests))
            answers = self._receive(len(requests) * wire.ANSWER.size)
        except OSError as error:
            raise exceptions.TransferError(f"No ACK: {error}") from None
        values = []
        for status, value in wire.ANSWER.iter_unpack(answers):
            if status == wire.NO_ANSWER:
                raise exceptions.TransferError("No ACK received")
            if status == wire.FAULT:
                raise exceptions.TransferFaultError
            values.append(value)
        return values

    def _receive(self, size: int) -> bytes:
        data = bytearray()
        while len(data) < size:
            assert self._socket is not None
            part = self._socket.recv(size - len(data))
            if not part:
                raise ConnectionError("the board was switched off")
            data += part
        return bytes(data)


def _late(value: Any, now: bool) -> Any | Callable[[], Any]:
    """A value, or what gives it later."""
    return value if now else lambda: value


class ModelProbePlugin(Plugin):  # type: ignore[misc]
    """What the entry point names."""

    def load(self) -> type[DebugProbe]:
        """The class of the probe."""
        return ModelProbe

    @property
    def name(self) -> str:
        """Its name in lists."""
        return "nn2flash"

    @property
    def description(self) -> str:
        """What it is for."""
        return "a model board of nn2flash"
