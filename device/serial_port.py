"""The board's serial console on this computer: find the port, open it, talk."""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable
from pathlib import Path

import serial
from serial.tools import list_ports
from serial.tools.miniterm import Miniterm

from support.errors import UserError

AUTOMATIC = "auto"  # in place of a port's name: that of the debug probe


def find_port(vendor: int, serial_number: str | None = None) -> str:
    """The one serial port of a debug probe.

    Args:
        vendor: USB vendor id of the probe; 0 takes any USB port.
        serial_number: of the probe, when there are several.

    Raises:
        UserError: none, or more than one.
    """
    ports = [p for p in list_ports.comports() if p.vid is not None and vendor in (0, p.vid)]
    if serial_number is not None:
        ports = [p for p in ports if (p.serial_number or "").lower() == serial_number.lower()]
    if not ports:
        which = f" with serial number {serial_number}" if serial_number else ""
        raise UserError(
            f"no serial port of a debug probe{which} (USB vendor {vendor:04x})",
            "connect the board's ST-LINK USB port with a cable that carries data, or give port=",
        )
    if len(ports) > 1:
        names = ", ".join(f"{p.device} (serial number {p.serial_number})" for p in ports)
        raise UserError(f"several debug probes: {names}", "choose one with serial= or port=")
    device: str = ports[0].device
    return device


def open_port(name: str, baud: int) -> serial.Serial:
    """Open a port for this program alone, 8N1.

    Raises:
        UserError: it is missing, not permitted, or in use.
    """
    try:
        return serial.Serial(name, baud, timeout=0.1, exclusive=True)
    except (OSError, ValueError) as error:  # SerialException is an OSError
        raise _refused(name, error) from None


def _refused(name: str, error: OSError | ValueError) -> UserError:
    code, text = getattr(error, "errno", None), str(error)
    if code == errno.EACCES or "PermissionError" in text or "Permission denied" in text:
        return UserError(
            f"{name}: this user may not open it, or another program has it open",
            f"join its group: sudo usermod -aG {_group(name)} $USER, then log in again",
        )
    if code in (errno.EBUSY, errno.EAGAIN) or "exclusively lock" in text:
        return UserError(f"{name}: another program has it open", "close that program")
    if code == errno.ENOENT or "FileNotFoundError" in text:
        return UserError(f"{name}: no such serial port", "give another with port=, or port=auto")
    if Path(name).exists() and not Path(name).is_char_device():
        return UserError(f"{name} is no serial port", "give another with port=, or port=auto")
    return UserError(
        f"{name}: cannot open it ({text})", "unplug it and plug it in again, or give another"
    )


def _group(name: str) -> str:
    """The group that a port belongs to: dialout on Debian, uucp on others."""
    try:
        return Path(name).group()
    except (OSError, KeyError, NotImplementedError):
        return "dialout"


def terminal(port: serial.Serial, opened: Callable[[], object] = lambda: None) -> None:
    """Talk until Ctrl-] (terminal) or Ctrl-C (pipe, log file).

    Args:
        opened: called when the terminal has told what it is.

    Raises:
        UserError: the port went away.
    """
    live = sys.stdin.isatty() and sys.stdout.isatty()
    key = "Ctrl-]" if live else "Ctrl-C"
    print(f"--- {port.port}, {port.baudrate} baud; {key} ends ---", file=sys.stderr, flush=True)
    opened()
    try:
        if live:
            _interactive(port)
        else:
            _copy(port)
    except (OSError, TypeError):  # pyserial on a vanished device, by platform
        raise UserError(f"{port.port}: the port went away", "was the board unplugged?") from None


class _Screen(Miniterm):  # type: ignore[misc]
    """A terminal that ends when the port goes away.

    Attributes:
        lost: what went wrong, or None.
    """

    lost: Exception | None = None

    def reader(self) -> None:
        """See `Miniterm`; runs in a thread."""
        self._until_lost(super().reader)

    def writer(self) -> None:
        """See `Miniterm`; runs in a thread."""
        self._until_lost(super().writer)

    def _until_lost(self, work: Callable[[], None]) -> None:
        try:
            work()
        except (OSError, TypeError) as error:  # by platform, see `terminal`
            self.lost = error
            self.alive = False
            self.console.cancel()


def _interactive(port: serial.Serial) -> None:
    screen = _Screen(port, eol="lf")
    screen.set_rx_encoding("utf-8", "replace")
    screen.set_tx_encoding("utf-8")
    screen.start()
    screen.join(transmit_only=True)
    screen.close()
    if screen.lost is not None:
        raise screen.lost


def _copy(port: serial.Serial) -> None:
    while True:
        data = port.read(max(1, port.in_waiting))
        sys.stdout.buffer.write(data.replace(b"\r", b""))
        sys.stdout.buffer.flush()
