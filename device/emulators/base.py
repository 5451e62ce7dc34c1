"""What an emulator is: something that runs a firmware ELF and brings back what it computed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from device.boards import Board


@dataclass(frozen=True)
class SimOptions:
    """How to run.

    Attributes:
        timeout: seconds of real time after which a run counts as hung.
        console: called with each piece of the firmware's console output as it appears. Line ends
            are "\\n"; pieces need not be whole lines.
        settings: what the user gave as `--set KEY=VALUE`; an emulator refuses keys it does not
            know (`refuse_unknown`).
    """

    timeout: float
    console: Callable[[str], None]
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class SimResult:
    """What a run left.

    Attributes:
        status: the firmware's own status, first argument of board_finish; 0 is success.
        results: output bytes of all inferences, in image order.
        console: the whole console output.
        notes: what else the emulator found worth telling, printed line by line.
    """

    status: int
    results: bytes
    console: str
    notes: tuple[str, ...] = ()


class Emulator(Protocol):
    """A module of `device.emulators`.

    `run` returns when the firmware reached board_finish. It raises `UserError` when the emulator
    is missing, when the firmware hangs, locks up or ends without board_finish, and when it broke a
    rule of the hardware. The reference is not given to it: whoever runs firmware must not know
    what the firmware should compute.
    """

    def run(self, board: Board, elf: Path, options: SimOptions) -> SimResult: ...

    def console_command(self, board: Board, elf: Path) -> list[str]:
        """Command line of a process that runs `elf` for ever.

        Its standard input and output are the bytes of the firmware's console.
        """
