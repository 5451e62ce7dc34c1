"""st-flash and st-util of the open stlink tools (1.7 or newer): the chip's own flash.

Commands: `st-flash --help`, `st-util --help` of stlink 1.7.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from device.programmers.base import Image, Problem, Programmer, Sign
from device.steps import Server, Step


class StFlash(Programmer):
    """See the module."""

    name = "st-flash"
    program = "st-flash"
    required = frozenset({"address"})
    install = "apt install stlink-tools"
    signs: ClassVar[Sequence[Sign]] = (
        Sign(Problem.NO_PERMISSION, r"access error"),
        Sign(Problem.NO_PROBE, r"Couldn't find .*ST-Link|Could not open stlink device"),
        Sign(Problem.PORT_TAKEN, r"Address already in use|^bind: "),
        Sign(Problem.PROTECTED, r"write protected|read.?protect|Flash unlock failed"),
        Sign(Problem.NOT_VERIFIED, r"Verification of flash failed"),
        Sign(
            Problem.NO_TARGET,
            r"Can not connect to target|unknown chip id|Could not find chip id|"
            r"Failed to (connect to target|enter SWD mode|halt the core)",
        ),
        Sign(Problem.NOT_WRITTEN, r"stlink_fwrite_flash\(\) == -1|flash loader run error"),
    )

    @classmethod
    def find(cls) -> Path | None:
        found = shutil.which(cls.program)
        return Path(found) if found else None

    def flash(self, image: Image, serial: str | None) -> list[Step]:
        address = self.settings["address"]
        memory = next(m for m in image.memories if m.contains(int(address, 0)))
        options = ["--connect-under-reset", "--reset", *self._select(serial)]
        command = (self.executable, *options, "write", str(image.raw[memory.name]), address)
        return [Step(command, proof=r"Flash written and verified")]

    def erase(self, serial: str | None) -> list[Step]:
        return [
            Step((self.executable, "--connect-under-reset", *self._select(serial), "erase")),
        ]

    def reset(self, serial: str | None) -> list[Step]:
        return [Step((self.executable, *self._select(serial), "reset"))]

    def gdb_server(self, port: int, serial: str | None, *, attach: bool) -> Server:
        util = str(self.path.with_name("st-util" + self.path.suffix)) if self.path else "st-util"
        mode = "--hot-plug" if attach else "--connect-under-reset"
        command = (util, "-p", str(port), mode, *self._select(serial))
        halt = () if attach else ("monitor reset",)
        return Server(Step(command), r"Listening at \*:\d+", halt)

    @staticmethod
    def _select(serial: str | None) -> tuple[str, ...]:
        return ("--serial", serial) if serial else ()
