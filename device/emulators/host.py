"""The host board: the firmware is a program of this computer; results come through a file."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

from device.boards import Board
from device.emulators import refuse_unknown
from device.emulators.base import SimOptions, SimResult
from device.emulators.stream import ConsolePump
from support.children import start
from support.errors import UserError, of_system
from support.files import resolved


def console_command(board: Board, elf: Path) -> list[str]:
    """The program itself; see `device.emulators.base.Emulator`."""
    del board
    return [str(resolved(elf))]


def run(board: Board, elf: Path, options: SimOptions) -> SimResult:
    """Run the program `elf`; see `device.emulators.base.Emulator`.

    Its exit status is the firmware's status; stderr (sanitizer reports) stays visible.
    """
    del board
    refuse_unknown(options.settings, ())
    with tempfile.TemporaryDirectory(prefix="sim-") as folder:
        results = Path(folder) / "results"
        try:
            process = start(
                [resolved(elf)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                env={**os.environ, "NN_RESULTS": str(results)},
            )
        except FileNotFoundError:
            raise UserError(f"{elf}: no such file", "build it first") from None
        except OSError as error:
            raise of_system(error, f"{elf}: cannot run it") from None
        with process:
            assert process.stdout is not None
            pump = ConsolePump(process.stdout, options.console)
            try:
                status = process.wait(options.timeout)
            except subprocess.TimeoutExpired:
                raise UserError(
                    f"the program did not finish within {options.timeout:g} s",
                    "look where it loops with gdb (the command by itself: --timeout)",
                ) from None
            finally:
                process.kill()
                pump.wait()  # nothing more is shown behind an error
            console = pump.text()
        if status < 0:
            raise UserError(f"{elf}: the program was ended by signal {-status}")
        if not results.exists():
            raise UserError(
                f"{elf}: the program exited with status {status} without calling board_finish"
            )
        return SimResult(status, results.read_bytes(), console)
