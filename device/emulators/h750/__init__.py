"""The STM32H750 on its board as a register-level model that refuses what the chip would refuse.

Settings (`--set KEY=VALUE`):
    revision: "both" (default), "Y" or "V": the silicon to run on, one after the other.
    ignore: names of rules that are not held, separated by commas (`rules.py`).
    broken: defects of the board, separated by commas (`chip.DEFECTS`).
    flashed: file with a board's memories, which a tool wrote (`--model`); without it the board
        holds what the ELF says.
    flash: "spi" (default), "dpi" or "qpi", the protocol in which the flash chips start: one line,
        two, or four.
"""

from __future__ import annotations

import sys
from pathlib import Path

from device.boards import Board
from device.elf import Elf
from device.emulators import refuse_unknown
from device.emulators.base import SimOptions, SimResult
from device.emulators.h750.chip import DEFECTS
from device.emulators.h750.identity import REVISIONS
from device.emulators.h750.machine import Finish, Machine
from device.emulators.h750.mt25q import PROTOCOLS
from device.emulators.h750.rules import Examiner
from device.emulators.h750.storage import Storage
from device.emulators.h750.wiring import Wiring, wiring_of
from device.schema import close_match
from support.errors import UserError

__all__ = ["run"]

_SETTINGS = ("revision", "ignore", "broken", "flash", "flashed")


def console_command(board: Board, elf: Path) -> list[str]:
    """The model as a process of its own: `serve.py`; see `Emulator`."""
    board_toml = str(board.folder / "board.toml")
    return [sys.executable, "-m", f"{__name__}.serve", "--board", board_toml, str(elf)]


def run(board: Board, elf: Path, options: SimOptions) -> SimResult:
    """Run `elf` until board_finish on each silicon revision; see `Emulator`.

    Raises:
        UserError: a rule of the hardware was broken, the firmware hangs or faults, a setting is
            wrong, or the revisions compute different results.
    """
    refuse_unknown(options.settings, _SETTINGS)
    revisions = _choice(options, "revision", "both", ("both", *REVISIONS))
    program, wiring = Elf(elf), wiring_of(board)
    console = _Console(options)
    finishes: dict[str, Finish] = {}
    for revision in REVISIONS if revisions == "both" else (revisions,):
        machine = Machine(
            program,
            revision,
            console.put,
            Examiner(_names(options, "ignore")),
            _defects(options),
            protocol=_choice(options, "flash", "spi", tuple(PROTOCOLS)),
            storage=_flashed(options, wiring) or Storage.of_elf(program, wiring),
        )
        finishes[revision] = machine.run(options.timeout)
        if finishes[revision].status != 0:
            break  # the first failure is the one to look at
    results = {finish.results for finish in finishes.values()}
    if len(results) > 1:
        raise UserError("the silicon revisions computed different results")
    last = list(finishes.values())[-1]
    notes = tuple(_note(revision, finish) for revision, finish in finishes.items())
    return SimResult(last.status, last.results, console.text(), notes)


def _flashed(options: SimOptions, wiring: Wiring) -> Storage | None:
    path = options.settings.get("flashed")
    if path is None:
        return None
    if not Path(path).is_file():
        raise UserError(f"flashed={path}: no such file", "flash the model first (probe=model)")
    return Storage.load(Path(path), wiring)


def _note(revision: str, finish: Finish) -> str:
    text = f"revision {revision}: {finish.instructions} instructions"
    if finish.inferences:
        return text + f"; {finish.inferences} inferences touched only the memory they were given"
    return text + "; no inference was fenced in: nothing is in .text.nn.kernels.inference"


def _names(options: SimOptions, key: str) -> list[str]:
    return [name for name in options.settings.get(key, "").split(",") if name]


def _defects(options: SimOptions) -> list[str]:
    names = _names(options, "broken")
    for name in names:
        if name not in DEFECTS:
            raise UserError(f"no defect '{name}'", close_match(name, DEFECTS))
    return names


def _choice(options: SimOptions, key: str, default: str, choices: tuple[str, ...]) -> str:
    value = options.settings.get(key, default)
    if value not in choices:
        raise UserError(f"{key}={value}: unknown", close_match(value, choices))
    return value


class _Console:
    """Bytes of the serial port as text, a line at a time."""

    def __init__(self, options: SimOptions) -> None:
        self._sink = options.console
        self._line = bytearray()
        self._pieces: list[str] = []

    def put(self, byte: int) -> None:
        """One byte; carriage returns are dropped."""
        if byte == 0x0D:
            return
        self._line.append(byte)
        if byte == 0x0A:
            self._flush()

    def _flush(self) -> None:
        if self._line:
            piece = self._line.decode(errors="replace")
            self._line.clear()
            self._pieces.append(piece)
            self._sink(piece)

    def text(self) -> str:
        """Everything so far; an unfinished line goes out too."""
        self._flush()
        return "".join(self._pieces)
