"""STM32_Programmer_CLI of STM32CubeProgrammer, and ST-LINK_gdbserver: own and external flash.

Options: UM2237 (STM32CubeProgrammer, "Command-line interface") and UM2576 (ST-LINK GDB server).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from device.boards import Memory
from device.programmers.base import Image, Problem, Programmer, Sign
from device.programmers.st_tools import find_gdb_server, find_programmer
from device.steps import Server, Step
from support.errors import UserError

# Its exit status is not always trustworthy: an error line is.
_ERROR_LINE = r"^\s*(\d\d:\d\d:\d\d(:\d+)? ?: ?)?Error:"


class Stm32CubeProgrammer(Programmer):
    """See the module."""

    name = "stm32cubeprogrammer"
    program = "STM32_Programmer_CLI"
    external = True
    optional = frozenset({"loader", "device"})
    install = (
        "STM32CubeProgrammer from st.com; when it is installed elsewhere, set STM32CUBEPROGRAMMER "
        "to its folder"
    )
    signs: ClassVar[Sequence[Sign]] = (
        Sign(Problem.NO_PERMISSION, r"LIBUSB_ERROR_ACCESS|permission denied|access is denied"),
        Sign(Problem.WRONG_SERIAL, r"(no|wrong).*serial number|serial number.*not (found|valid)"),
        Sign(Problem.NO_PROBE, r"No (debug probe|ST-?LINK) detected|DEV_USB_COMM_ERR"),
        Sign(Problem.PROBE_BUSY, r"probe.*(busy|already (in use|open))|DEV_.*(BUSY|IN_USE)"),
        Sign(
            Problem.PROTECTED,
            r"read.?out.?protect|read protection|RDP.*(level|enabled)|be protected|"
            r"loader can ?not be loaded",
        ),
        Sign(
            Problem.NO_TARGET,
            r"No STM32 target found|Unable to get core ID|DEV_(CONNECT|TARGET)\w*_ERR|"
            r"DEV_NO_DEVICE|unknown or unsupported device|Cannot connect to access port|"
            r"Target no device found|Error in initializing ST-LINK device",
        ),
        Sign(Problem.NOT_VERIFIED, r"Data mismatch found|verification failed"),
        Sign(
            Problem.NO_LOADER,
            r"external loader|failed to (init|load).*loader|Init function|"
            r"failed to download.*0x9",
        ),
        Sign(
            Problem.NOT_WRITTEN,
            r"failed to (download|erase|write)|memory.*(erase|write) failed|Data read failed",
        ),
        Sign(Problem.PORT_TAKEN, r"(bind|listen).*port|port.*(in use|taken)"),
    )

    @classmethod
    def find(cls) -> Path | None:
        return find_programmer(sys.platform, os.environ)

    def can_write(self, memory: Memory) -> bool:
        return not memory.external or "loader" in self.settings

    def flash(self, image: Image, serial: str | None) -> list[Step]:
        # The loader option follows the connection and precedes what uses it.
        loader = ["-el", self._loader()] if image.external else []
        write = ["-w", str(image.hex), "-v", "-rst"]
        return [self._step(serial, *loader, *write, proof=r"Download verified successfully")]

    def erase(self, serial: str | None) -> list[Step]:
        return [self._step(serial, "-e", "all")]

    def reset(self, serial: str | None) -> list[Step]:
        return [self._step(serial, "-rst")]

    def missing_gdb_server(self) -> str:
        if self._gdb_server() is None:
            return "ST-LINK_gdbserver is not installed (STM32CubeCLT and STM32CubeIDE have it)"
        return ""

    def gdb_server(self, port: int, serial: str | None, *, attach: bool) -> Server:
        server = self._gdb_server() or "ST-LINK_gdbserver"
        folder = str(self.path.parent) if self.path else "."
        mode = ("--attach", "--halt") if attach else ("-k",)
        select = ("-i", serial) if serial else ()
        command = (str(server), "-p", str(port), "-cp", folder, "--swd", "-m", "0", *mode, *select)
        halt = () if attach else ("monitor reset",)
        step = Step(command, self._environment())
        return Server(step, r"Waiting for (debugger )?connection", halt)

    def _gdb_server(self) -> Path | None:
        return find_gdb_server(sys.platform, os.environ, self.path)

    def _step(self, serial: str | None, *arguments: str, proof: str = "") -> Step:
        select = (f"sn={serial}",) if serial else ()
        connect = ("-c", "port=SWD", "mode=UR", "reset=HWrst", *select)
        command = (self.executable, *connect, *arguments)
        return Step(command, self._environment(), proof, _ERROR_LINE)

    def _environment(self) -> dict[str, str]:
        """On Linux the tool's own libraries lie beside it, and it does not always find them."""
        if not sys.platform.startswith("linux") or self.path is None:
            return {}
        before = os.environ.get("LD_LIBRARY_PATH", "")
        own = str(self.path.parent.parent / "lib")
        return {"LD_LIBRARY_PATH": f"{own}:{before}" if before else own}

    def _loader(self) -> str:
        name = self.settings["loader"]
        if self.path is None:
            return f"ExternalLoader/{name}"
        loader = self.path.parent / "ExternalLoader" / name
        if not loader.is_file():
            raise UserError(
                f"{self.path}: its folder has no external loader ExternalLoader/{name}",
                "install the newest STM32CubeProgrammer, or choose another programmer",
            )
        return str(loader)
