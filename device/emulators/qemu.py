"""QEMU, driven through its gdb stub: run to board_finish and read what the firmware computed.

Instruction counting (`-icount`) makes runs deterministic. What it counts are instructions.
"""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from device.boards import Board
from device.elf import Elf
from device.emulators import refuse_unknown
from device.emulators.base import SimOptions, SimResult
from device.emulators.stream import ConsolePump
from device.rsp import RspClient, RspError, RspTimeout
from device.steps import Server, Step
from support.children import end, start
from support.errors import UserError
from support.options import option_words

# `emulator` in board.toml -> QEMU's machine and processor.
_MACHINES = {
    "qemu-mps2-an500": ("mps2-an500", "cortex-m7"),
    "qemu-netduinoplus2": ("netduinoplus2", "cortex-m4"),
}
_PROGRAM = "qemu-system-arm"
_START_TIMEOUT = 20.0
_MAX_RESULTS = 64 << 20


def machine(board: Board) -> tuple[str, str] | None:
    """QEMU's names of the board's machine and processor; None for a board that is not QEMU's."""
    return _MACHINES.get(board.emulator)


def console_command(board: Board, elf: Path) -> list[str]:
    """QEMU's command line, without a gdb stub; see `device.emulators.base.Emulator`."""
    program = shutil.which(_PROGRAM)
    if program is None:
        raise UserError(
            f"{_PROGRAM} is not installed",
            "run ./bootstrap scons sim, or: apt install qemu-system-arm",
        )
    name, cpu = _MACHINES[board.emulator]
    return [
        program,
        *option_words(
            {
                "-M": name,
                "-cpu": cpu,
                "-icount": "shift=6",
                "-display": "none",
                "-monitor": "none",
                "-serial": "stdio",
                "-semihosting-config": "enable=on,target=native",
                "-kernel": str(elf),
            }
        ),
    ]


def gdb_server(board: Board, elf: Path, port: int) -> Server:
    """QEMU halted at reset, with its gdb stub on a port of localhost and the console on stdout."""
    stub = ("-gdb", f"tcp:127.0.0.1:{port}", "-S")
    return Server(Step((*console_command(board, elf), *stub)), ready="", halt_at_reset=())


def run(board: Board, elf: Path, options: SimOptions) -> SimResult:
    """Run `elf` until board_finish; see `device.emulators.base.Emulator`."""
    refuse_unknown(options.settings, ())
    program = Elf(elf)
    finish = program.address("board_finish")
    with _started(board, elf, options) as qemu:
        try:
            return _run_to(qemu, program, finish, options)
        except RspError as error:
            raise _died(qemu, error) from None


@dataclass
class _Qemu:
    process: subprocess.Popen[bytes]
    gdb: RspClient
    pump: ConsolePump
    errors: IO[bytes]

    def error_text(self) -> str:
        self.errors.seek(0)
        return self.errors.read().decode(errors="replace").strip()


@contextlib.contextmanager
def _started(board: Board, elf: Path, options: SimOptions) -> Iterator[_Qemu]:
    """QEMU halted at reset, connected back to us: no port to guess, nothing to race for."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        errors = stack.enter_context(tempfile.TemporaryFile())
        port = listener.getsockname()[1]
        stub = option_words(
            {
                "-chardev": f"socket,id=gdb,host=127.0.0.1,port={port},server=off,nodelay=on",
                "-gdb": "chardev:gdb",
                "-S": True,
            }
        )
        process = start(
            [*console_command(board, elf), *stub],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
        )
        assert process.stdout is not None
        pump = ConsolePump(process.stdout, options.console)
        stack.callback(pump.wait)  # when QEMU has ended
        stack.callback(end, process)
        connection = _accept(listener, process, errors)
        stack.callback(connection.close)
        yield _Qemu(process, RspClient(connection), pump, errors)


def _accept(
    listener: socket.socket, process: subprocess.Popen[bytes], errors: IO[bytes]
) -> socket.socket:
    listener.settimeout(0.05)
    end = time.monotonic() + _START_TIMEOUT
    while True:
        try:
            connection, _ = listener.accept()
        except TimeoutError:
            if process.poll() is not None or time.monotonic() > end:
                errors.seek(0)
                text = errors.read().decode(errors="replace").strip()
                raise UserError(f"{_PROGRAM} did not start: {text or 'no message'}") from None
            continue
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection


def _run_to(qemu: _Qemu, elf: Elf, finish: int, options: SimOptions) -> SimResult:
    gdb = qemu.gdb
    gdb.set_breakpoint(finish)
    try:
        stop = gdb.run(options.timeout)
    except RspTimeout:
        gdb.interrupt()
        where = elf.describe(gdb.registers()[15])
        raise UserError(
            f"the firmware did not finish within {options.timeout:g} s; it was at {where}",
            "look where it loops with `scons debug` (the command by itself: --timeout)",
        ) from None
    if stop.exited:
        raise UserError(f"the firmware exited with {stop.signal} without calling board_finish")
    registers = gdb.registers()
    status, address, size, pc = registers[0], registers[1], registers[2], registers[15]
    if pc != finish:
        raise UserError(f"the firmware stopped at {elf.describe(pc)}, not at board_finish")
    if size > _MAX_RESULTS:
        raise UserError(f"board_finish was called with {size} bytes of results")
    results = gdb.read_memory(address, size) if size else b""
    gdb.kill()
    signed = status - (1 << 32) if status >> 31 else status
    return SimResult(signed, results, qemu.pump.text())


def _died(qemu: _Qemu, error: RspError) -> UserError:
    """QEMU went away: its own last words say why."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        qemu.process.wait(2)
    text = qemu.error_text()
    if "Lockup" in text:
        return UserError(
            "the processor locked up: a fault inside a fault handler, or no vector table",
            "look at it with `debug`",
        )
    first = text.splitlines()[0] if text else str(error)
    return UserError(f"{_PROGRAM} ended before the firmware did: {first}")
