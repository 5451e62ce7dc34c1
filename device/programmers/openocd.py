"""OpenOCD (0.12 or newer): own and external flash, no download from ST needed.

Commands: OpenOCD User's Guide, "Flash Programming", "General Commands", "GDB and OpenOCD".
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from device.boards import Memory
from device.programmers.base import Image, Problem, Programmer, Sign
from device.steps import Server, Step
from support.errors import UserError

_PROCEDURES = Path(__file__).with_suffix(".tcl")
_QUIET = "gdb_port disabled; tcl_port disabled; telnet_port disabled"


def tcl_word(text: str) -> str:
    """Quote as one Tcl word in braces.

    Raises:
        UserError: braces or a backslash in it, which braces cannot hold.
    """
    if any(character in text for character in "{}\\"):
        raise UserError(
            f"{text}: OpenOCD cannot take braces and backslashes in names",
            "build elsewhere: build_dir=, or a copy of the project under another name",
        )
    return f"{{{text}}}"


class OpenOcd(Programmer):
    """See the module."""

    name = "openocd"
    program = "openocd"
    external = True
    required = frozenset({"config"})
    optional = frozenset({"external_bank", "script"})
    reaches_model = True
    install = "apt install openocd"
    signs: ClassVar[Sequence[Sign]] = (
        Sign(Problem.NO_PERMISSION, r"LIBUSB_ERROR_ACCESS"),
        Sign(Problem.PROBE_BUSY, r"LIBUSB_ERROR_BUSY|selected device is already used"),
        Sign(Problem.WRONG_SERIAL, r"serial mismatch|No device matches the serial string"),
        Sign(Problem.PORT_TAKEN, r"couldn't bind gdb to socket"),
        Sign(Problem.NO_PROBE, r"^Error: (open failed|no ST-LINK detected|No device found)"),
        Sign(
            Problem.NO_TARGET,
            r"init mode failed|unable to connect to the target|target voltage may be too low|"
            r"Unable to reset target|timed out while waiting for target halted|"
            r"examination failed|Invalid ACK",
        ),
        Sign(Problem.WRONG_CHIP, r"Cannot identify target as a STM32"),
        Sign(
            Problem.PROTECTED,
            r"flash is protected|flash memory write protected|WRPERR|write protection error",
        ),
        Sign(
            Problem.NO_LOADER,
            r"external flash: (found|no answer)|No id from flash[12]|Unknown flash[12] device id|"
            r"auto_probe failed|Timeout while polling BUSY|not accepted by flash[12]",
        ),
        Sign(Problem.NOT_VERIFIED, r"Verify Failed|checksum mismatch|contents differ"),
        Sign(Problem.NOT_WRITTEN, r"Programming Failed|Error erase sector|failed erasing sectors"),
    )

    @classmethod
    def find(cls) -> Path | None:
        found = shutil.which(cls.program)
        return Path(found) if found else None

    def can_write(self, memory: Memory) -> bool:
        return not memory.external or "external_bank" in self.settings

    def flash(self, image: Image, serial: str | None) -> list[Step]:
        bank, size = "{}", "{}"
        if image.external:
            bank, size = self.settings["external_bank"], str(image.external[0].length)
        write = f"nn_flash {tcl_word(image.hex.as_posix())} {bank} {size}"
        scripts = [self.board.folder / self.settings["script"]] if "script" in self.settings else []
        files = [word for path in (*scripts, _PROCEDURES) for word in ("-f", path.as_posix())]
        arguments = [*self._begin(serial), *files, "-c", _QUIET, "-c", write]
        return [Step(tuple(arguments), proof=r"\*\* Verified OK \*\*")]

    def erase(self, serial: str | None) -> list[Step]:
        erase = "init; reset halt; flash erase_sector 0 0 last; shutdown"
        return [self._step(serial, erase)]

    def reset(self, serial: str | None) -> list[Step]:
        return [self._step(serial, "init; reset run; shutdown")]

    def gdb_server(self, port: int, serial: str | None, *, attach: bool) -> Server:
        # Without a memory map gdb cannot write flash, and OpenOCD need not probe an external
        # flash that nobody has set up; breakpoints then have to be the processor's own.
        safe = "gdb_memory_map disable; gdb_breakpoint_override hard"
        ports = f"gdb_port {port}; tcl_port disabled; telnet_port disabled"
        command = [*self._begin(serial), "-c", ports, "-c", safe]
        halt = () if attach else ("monitor reset halt",)
        return Server(Step(tuple(command)), r"Listening on port \d+ for gdb connections", halt)

    def _begin(self, serial: str | None) -> list[str]:
        select = ["-c", f"adapter serial {tcl_word(serial)}"] if serial else []
        return [self.executable, "-f", self.settings["config"], *select]

    def _step(self, serial: str | None, commands: str) -> Step:
        return Step((*self._begin(serial), "-c", _QUIET, "-c", commands))
