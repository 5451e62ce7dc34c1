"""A target that is a process: its standard input and output are the firmware's console."""

from __future__ import annotations

import contextlib
import os
import selectors
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from device.link.transport import LinkError
from support import system_errors
from support.children import end, start

# board_finish ends an emulated run with the firmware's status: 128 + exception number is a fault
# (firmware/cortex_m/startup.h).
_FAULTS = range(128, 256)
# Emulated UARTs hand over byte by byte: a moment later there is more to read at once.
_GATHER = 0.0003


class ProcessTransport:
    """Start a program and talk to it; see `Transport`.

    Args:
        command: the program with its arguments.
        name: what messages call it.
        emulated: as in `Transport`.
    """

    def __init__(self, command: Sequence[str | Path], name: str, *, emulated: bool = True) -> None:
        self.name, self.emulated = name, emulated
        # An emulator on a busy machine takes its time; one that died is noticed at once.
        self.patience = 30.0
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
        try:
            self._process = start(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                start_new_session=True,  # Ctrl-C is for us: we end it when we have its results
            )
        except OSError as error:
            self._errors.close()
            told = system_errors.message(error, f"{command[0]}: cannot run it")
            raise LinkError(told, system_errors.remedy(error)) from None
        assert self._process.stdin is not None and self._process.stdout is not None
        self._out, self._in = self._process.stdin.fileno(), self._process.stdout.fileno()
        for descriptor in (self._out, self._in):
            os.set_blocking(descriptor, False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._in, selectors.EVENT_READ)
        self._outgoing = bytearray()

    def send(self, data: bytes) -> None:
        """Take `data`; what the pipe does not take now goes out while we receive."""
        if not self._outgoing and data:
            self._selector.register(self._out, selectors.EVENT_WRITE)
        self._outgoing += data
        self._write()

    def receive(self, timeout: float) -> bytes:
        """See `Transport.receive`."""
        end = time.monotonic() + timeout
        while True:
            ready = self._selector.select(max(0.0, end - time.monotonic()))
            descriptors = [key.fd for key, _ in ready]
            if self._out in descriptors:
                self._write()
            if self._in in descriptors:
                time.sleep(_GATHER)
                data = os.read(self._in, 65536)
                if not data:
                    raise self._ended()
                return data
            if time.monotonic() >= end:
                return b""

    def close(self) -> None:
        """End the process."""
        self._selector.close()
        end(self._process)
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()
        self._errors.close()

    def _write(self) -> None:
        try:
            while self._outgoing:
                del self._outgoing[: os.write(self._out, self._outgoing[:65536])]
        except BlockingIOError:
            return
        except BrokenPipeError:
            self._outgoing.clear()  # it ended; reading tells how
        with contextlib.suppress(KeyError):
            self._selector.unregister(self._out)

    def _ended(self) -> LinkError:
        try:
            status = self._process.wait(5)
        except subprocess.TimeoutExpired:
            return LinkError(f"{self.name} closed its console")
        self._errors.seek(0)
        words = self._errors.read().decode(errors="replace").strip()
        how = f"ended by signal {-status}" if status < 0 else f"ended with status {status}"
        if status in _FAULTS:
            how += f" (the firmware faulted: exception {status - _FAULTS.start})"
        return LinkError(f"{self.name} {how}" + (f": {words[-2000:]}" if words else ""))
