"""`sim`: run firmware on its board's emulator and compare what it computed with the reference."""

from __future__ import annotations

import argparse
import re
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from device.boards import read_board
from device.vendor import refuse_on_emulator
from support.errors import UserError
from support.files import write_json

# startup.h: FAULT_STATUS + exception number (ARMv7-M ARM, B1.5.2).
_EXCEPTIONS = {3: "HardFault", 4: "MemManage fault", 5: "BusFault", 6: "UsageFault"}
_FAULT_STATUS = 128


def register(commands: Any) -> None:
    """Add the parser of `sim`."""
    parser = commands.add_parser("sim", help="run firmware on an emulator, compare its outputs")
    parser.add_argument("--board", type=Path, required=True, help="board.toml")
    parser.add_argument("--elf", type=Path, required=True, help="firmware to run")
    parser.add_argument(
        "--reference", type=Path, help="reference.npz; without it, nothing to compare"
    )
    parser.add_argument(
        "--timeout", type=_seconds, default=300.0, metavar="S", help="seconds (default: 300)"
    )
    parser.add_argument(
        "--set",
        dest="settings",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        type=_setting,
        help="a setting of the emulator",
    )
    parser.add_argument("--json", type=Path, help="write the verdict here")
    parser.set_defaults(run=_run)


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 < value < 1e6:
        raise argparse.ArgumentTypeError(f"{text} is no useful number of seconds")
    return value


def _setting(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise argparse.ArgumentTypeError(f"'{text}' is not KEY=VALUE")
    return key, value


def _run(arguments: argparse.Namespace) -> int:
    from device.board_mark import require_board
    from device.comparison import compare, read_outputs
    from device.elf import Elf
    from device.emulators import SimOptions, emulator

    board = read_board(arguments.board)
    if board.cpu.core != "native":
        refuse_on_emulator(arguments.elf)
        require_board(Elf(arguments.elf), board)
    outputs = None if arguments.reference is None else read_outputs(arguments.reference)
    console = _LiveConsole()
    options = SimOptions(arguments.timeout, console.write, dict(arguments.settings))
    try:
        result = emulator(board.emulator).run(board, arguments.elf, options)
    finally:
        console.end_line()
    for note in (*result.notes, *_fault_place(arguments.elf, result.console)):
        print(note)
    report: dict[str, Any] = {"board": board.name, "status": result.status}
    failures = []
    if outputs is not None:
        comparison = compare(result.results, outputs)
        print(comparison.text())
        report["comparison"] = asdict(comparison)
        if not comparison.equal:
            failures.append("the firmware's outputs differ from the reference")
    if result.status != 0:
        failures.insert(0, f"the firmware stopped with {_describe(result.status)}")
    report["passed"] = not failures
    if arguments.json:
        write_json(arguments.json, report)
    if failures:
        raise UserError("; ".join(failures))
    return 0


def _fault_place(elf: Path, console: str) -> list[str]:
    """Function and line of the addresses in a fault report (firmware/cortex_m/faults.c)."""
    from device.elf import Elf

    found = re.findall(r"^  (pc|lr) +(0x[0-9a-f]{8})$", console, re.MULTILINE)
    return [f"{name}: {Elf(elf).describe(int(value, 16))}" for name, value in found]


def _describe(status: int) -> str:
    exception = _EXCEPTIONS.get(status - _FAULT_STATUS)
    return f"status {status}" + (f" ({exception})" if exception else "")


class _LiveConsole:
    """The firmware's console on our stdout, a whole line at its end whatever happens."""

    def __init__(self) -> None:
        self._last = "\n"

    def write(self, text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()
        self._last = text[-1]

    def end_line(self) -> None:
        if self._last != "\n":
            self.write("\n")
