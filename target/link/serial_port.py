"""A target behind a serial port of this computer."""

from __future__ import annotations

import errno
import grp
import os
import stat
from pathlib import Path

import serial
from serial.tools import list_ports

from target.boards import Board
from target.link.transport import LinkError

_AUTOMATIC = "auto"


class SerialTransport:
    """An open serial port, 8N1, for us alone; see `Transport`.

    Args:
        port: device, for example /dev/ttyACM0.
        baud: bits per second.

    Raises:
        LinkError: there is no such port, no permission, or another program has it.
    """

    emulated = False

    def __init__(self, port: str, baud: int) -> None:
        self.name, self.patience = port, 3.0
        try:
            self._port = serial.Serial(port, baud, timeout=0.1, write_timeout=5.0, exclusive=True)
        except (OSError, serial.SerialException) as error:
            raise _cannot_open(port, error) from None

    def send(self, data: bytes) -> None:
        """See `Transport.send`."""
        try:
            self._port.write(data)
        except (OSError, serial.SerialException) as error:
            raise self._lost(error) from None

    def receive(self, timeout: float) -> bytes:
        """See `Transport.receive`."""
        try:
            self._port.timeout = timeout
            first: bytes = self._port.read(1)
            waiting = self._port.in_waiting if first else 0
            return first + (self._port.read(waiting) if waiting else b"")
        except (OSError, serial.SerialException) as error:
            raise self._lost(error) from None

    def close(self) -> None:
        """Give the port back."""
        self._port.close()

    def _lost(self, error: Exception) -> LinkError:
        if isinstance(error, serial.SerialTimeoutException):
            return LinkError(f"{self.name} takes no more bytes", "unplug the cable and plug it in")
        return LinkError(
            f"{self.name} is gone ({error})",
            "was the cable pulled? does another program read this port?",
        )


def find_port(board: Board, port: str) -> str:
    """The device of `port`; "auto" finds the one with the board's USB vendor.

    Raises:
        LinkError: "auto" finds none, or more than one.
    """
    if port != _AUTOMATIC:
        return port
    vendor = board.console.usb_vendor
    found = sorted(p.device for p in list_ports.comports() if vendor and p.vid == vendor)
    if len(found) == 1:
        return str(found[0])
    if not found:
        raise LinkError(
            f"no serial port of {board.title} found", "plug it in, or name it: port=/dev/tty…"
        )
    raise LinkError(f"more than one port could be it: {', '.join(found)}", "choose one with port=")


def _cannot_open(port: str, error: Exception) -> LinkError:
    number = getattr(error, "errno", None)
    if number in (errno.EACCES, errno.EPERM):
        return LinkError(f"{port}: no permission", _permission_remedy(port))
    if number in (errno.EBUSY, errno.EAGAIN) or "exclusively lock" in str(error):
        return LinkError(f"{port}: another program has it", "close the other program first")
    if number in (errno.ENOENT, errno.ENODEV, errno.ENXIO):
        there = ", ".join(sorted(p.device for p in list_ports.comports())) or "none"
        return LinkError(f"{port}: no such port", f"ports of this computer: {there}")
    return LinkError(f"{port}: cannot open it: {error}")


def _permission_remedy(port: str) -> str:
    try:
        status = Path(port).stat()
        group = grp.getgrgid(status.st_gid).gr_name
    except (OSError, KeyError):
        return "ask who owns this computer"
    if status.st_mode & stat.S_IWGRP and status.st_gid not in os.getgroups():
        return f"join its group: sudo usermod -aG {group} $USER, then log in again"
    return f"it belongs to user {status.st_uid} and group {group}; see `ls -l {port}`"
