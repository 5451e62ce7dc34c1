"""gdb on a board: a server in the background, gdb in the terminal, and nothing written.

gdb gets the symbols of the ELF and never a `load`: what runs is what was flashed before.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType

from device.pump import Pump
from device.steps import Server, start
from support import children
from support.errors import UserError
from support.files import resolved

# Any gdb that knows Arm; Debian's is the second.
_PROGRAMS = ("arm-none-eabi-gdb", "gdb-multiarch")
_READY_TIMEOUT = 30.0


def find_gdb(native: bool = False) -> str:
    """gdb for the board's processor: $GDB, or one of the usual names on PATH.

    Raises:
        UserError: there is none.
    """
    names: tuple[str, ...] = (os.environ["GDB"],) if os.environ.get("GDB") else _PROGRAMS
    for name in ("gdb", *names) if native else names:
        if found := shutil.which(name):
            return found
    raise UserError(
        f"no gdb found ({', '.join(names)})", "apt install gdb-multiarch, or set GDB to one"
    )


def free_port() -> int:
    """A TCP port of localhost that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def session(
    elf: Path, port: int, server: Server, *, attach: bool, extra: Sequence[str], batch: bool
) -> list[str]:
    """gdb's command line: connect, stop at main (or, attached, where the firmware is).

    Args:
        extra: gdb commands to run then.
        batch: end gdb after them.
    """
    commands = ["set confirm off", f"target extended-remote localhost:{port}"]
    if not attach:
        # A hardware breakpoint: main lies in flash.
        commands += [*server.halt_at_reset, "thbreak main", "continue"]
    commands += ["set confirm on", *extra]
    options = ["-q", *(["-batch"] if batch else [])]
    options += [part for folder in source_folders(elf) for part in ("-d", str(folder))]
    script = [part for command in commands for part in ("-ex", command)]
    return [find_gdb(), *options, *script, str(elf)]


def source_folders(elf: Path) -> list[Path]:
    """Where the sources are whose paths in the ELF are relative: the project, and what was
    generated beside the board's folder of the build (docs/architecture.md, "Files")."""
    build = resolved(elf).parent.parent
    generated = [folder for kind in ("app*", "network*") for folder in sorted(build.glob(kind))]
    return [*(folder for folder in generated if folder.is_dir()), Path(__file__).parents[1]]


def run_gdb(command: Sequence[str]) -> int:
    """Run gdb in this terminal; Ctrl-C is gdb's alone. Returns its exit status."""

    def leave_it_to_gdb(number: int, frame: FrameType | None) -> None:
        del number, frame

    before = signal.signal(signal.SIGINT, leave_it_to_gdb)
    try:
        with children.start(command) as gdb:
            return gdb.wait()
    finally:
        signal.signal(signal.SIGINT, before)


@contextlib.contextmanager
def running(
    server: Server,
    port: int,
    lock: Sequence[int],
    failed: Callable[[int, str], UserError],
) -> Iterator[None]:
    """A gdb server that accepts connections while the block runs, out of Ctrl-C's reach.

    Args:
        lock: descriptors that it inherits.
        failed: makes the error from exit status and output when it ends before it is ready.
    """
    process = start(server.step, lock, start_new_session=True)
    output = _Output(process, show=not server.ready)
    try:
        _wait_until_ready(process, server, port, output, failed)
        yield
    finally:
        children.end(process)
        output.close()


class _Output:
    """What a server prints: kept, and shown when it is the firmware's console."""

    def __init__(self, process: subprocess.Popen[bytes], *, show: bool) -> None:
        assert process.stdout is not None
        self._show = show
        self._data = bytearray()
        self._pump = Pump(process.stdout, self._take)

    def _take(self, data: bytes) -> None:
        self._data += data
        if self._show:
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()

    def text(self) -> str:
        return self._data.decode(errors="replace")

    def close(self) -> None:
        """Read to the end, which comes when the process has ended."""
        self._pump.wait()


def _wait_until_ready(
    process: subprocess.Popen[bytes],
    server: Server,
    port: int,
    output: _Output,
    failed: Callable[[int, str], UserError],
) -> None:
    stop = time.monotonic() + _READY_TIMEOUT
    while True:
        if process.poll() is not None:
            output.close()
            raise failed(process.returncode, output.text())
        if re.search(server.ready, output.text()) if server.ready else _accepts(port):
            return
        if time.monotonic() > stop:
            raise UserError(
                f"{server.step.command[0]} was not ready within {_READY_TIMEOUT:g} s",
                "run `gdbserver` to see what it says",
            )
        time.sleep(0.05)


def _accepts(port: int) -> bool:
    """Whether someone listens; only for servers that take a connection which ends at once."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
