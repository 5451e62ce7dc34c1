"""A target behind a serial port of this computer."""

from __future__ import annotations

import serial

from device.link.transport import LinkError
from device.serial_port import open_port


class SerialTransport:
    """An open serial port, 8N1, for us alone; see `Transport`.

    Args:
        port: device, for example /dev/ttyACM0.
        baud: bits per second.

    Raises:
        UserError: there is no such port, no permission, or another program has it.
    """

    emulated = False

    def __init__(self, port: str, baud: int) -> None:
        self.name, self.patience = port, 3.0
        self._port = open_port(port, baud)
        self._port.write_timeout = 5.0

    def send(self, data: bytes) -> None:
        """See `Transport.send`."""
        try:
            self._port.write(data)
        except serial.SerialTimeoutException:
            raise LinkError(
                f"{self.name} takes no more bytes", "unplug the cable and plug it in again"
            ) from None
        except (OSError, TypeError) as error:
            raise self._lost(error) from None

    def receive(self, timeout: float) -> bytes:
        """See `Transport.receive`."""
        try:
            self._port.timeout = timeout
            first: bytes = self._port.read(1)
            waiting = self._port.in_waiting if first else 0
            return first + (self._port.read(waiting) if waiting else b"")
        except (OSError, TypeError) as error:  # pyserial on a vanished device, by platform
            raise self._lost(error) from None

    def close(self) -> None:
        """Give the port back."""
        self._port.close()

    def _lost(self, error: Exception) -> LinkError:
        return LinkError(
            f"{self.name} went away ({error})",
            "was the cable pulled? does another program read this port?",
        )
