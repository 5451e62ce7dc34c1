"""pyOCD: the chip's own flash.

Commands: `pyocd load|erase|reset|gdbserver|commander --help` of pyOCD 0.46.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from device.programmers.base import Image, Problem, Programmer, Sign
from device.steps import Server, Step

_PLAIN = re.compile(r"[\w./:~-]+\Z")


def commander_word(text: str) -> str:
    """A word of a command line that pyOCD's commander splits twice (pyocd/utility/cmdline.py).

    Much that a shell takes as it is stands alone there: + = , @ % and others.
    """
    if _PLAIN.match(text):
        return text
    for _ in range(2):
        escaped = text.replace("\\", "\\\\").replace('"', '\\"')
        text = f'"{escaped}"'
    return text


class PyOcd(Programmer):
    """See the module."""

    name = "pyocd"
    program = "pyocd"
    required = frozenset({"target"})
    reaches_model = True
    install = ".venv/bin/pip install 'pyocd>=0.46' (before, one flash in five stayed half written)"
    signs: ClassVar[Sequence[Sign]] = (
        Sign(Problem.NO_PERMISSION, r"insufficient permissions|Access denied"),
        Sign(Problem.PROBE_BUSY, r"Unable to claim interface|Resource busy|already open"),
        Sign(Problem.WRONG_SERIAL, r"(no|matching).*unique ID"),
        Sign(Problem.NO_PROBE, r"No (connected|available) debug probes"),
        Sign(Problem.WRONG_CHIP, r"DEV_ID 0x\w+ did not match"),
        Sign(Problem.PORT_TAKEN, r"Address already in use"),
        # A fault in the flash itself, while everything else answers: RDP or PCROP.
        Sign(
            Problem.PROTECTED,
            r"target is (permanently )?locked|permanently locked|transfer fault @ 0x080|"
            r"Comparing \d+ bytes @ 0x080\w+\s+Error: memory transfer failed",
        ),
        Sign(Problem.NOT_VERIFIED, r"Mismatched byte at"),
        Sign(Problem.NOT_WRITTEN, r"flash (program|erase|write).*fail|Flash\w*Failure"),
        Sign(
            Problem.NO_TARGET,
            r"No ACK|transfer (error|fault|failed)|Error while initing target|"
            r"Unexpected ACK|STLink error|timed? ?out",
        ),
    )

    @classmethod
    def find(cls) -> Path | None:
        found = shutil.which(cls.program)
        return Path(found) if found else None

    def flash(self, image: Image, serial: str | None) -> list[Step]:
        # Erasing sectors, it reads the flash before it writes, and a word that a power cut left
        # half programmed (its ECC does not fit) ends that with a bus fault, every time.
        load = (*self._begin("load", serial), "--erase", "chip", "--no-reset", str(image.hex))
        steps = [Step(load)]
        # `load` does not read back, and `compare` reports a difference with exit status 0.
        for memory in image.memories:
            path = image.raw[memory.name]
            compare = f"compare {memory.origin:#x} {commander_word(path.as_posix())}"
            begin = self._begin("commander", serial)
            proof = r"All \d+ bytes match"
            steps.append(Step((*begin, "-c", compare, "-c", "reset"), proof=proof))
        return steps

    def erase(self, serial: str | None) -> list[Step]:
        return [Step((*self._begin("erase", serial), "--chip"))]

    def reset(self, serial: str | None) -> list[Step]:
        return [Step(self._begin("reset", serial))]

    def gdb_server(self, port: int, serial: str | None, *, attach: bool) -> Server:
        # -T 0: the port for semihosting is 4444 else, which another server may have.
        command = (
            *self._begin("gdbserver", serial, attach=attach),
            "-p",
            str(port),
            "-T",
            "0",
            "-bh",
        )
        halt = () if attach else ("monitor reset halt",)
        return Server(Step(command), r"GDB server listening on port", halt)

    def _begin(self, command: str, serial: str | None, *, attach: bool = False) -> tuple[str, ...]:
        select = ("-u", serial) if serial else ()
        mode = "attach" if attach else "under-reset"
        return (self.executable, command, "-W", "-t", self.settings["target"], "-M", mode, *select)
