"""From a tool's output to one message that says what is wrong and what to do."""

from __future__ import annotations

from collections.abc import Sequence

from device.programmers.base import Problem, Sign
from support.errors import UserError

# The usual causes, the most frequent first.
REMEDIES: dict[Problem, tuple[str, str]] = {
    Problem.NO_PROBE: (
        "no debug probe found",
        "connect the board's ST-LINK USB port with a cable that carries data",
    ),
    Problem.WRONG_SERIAL: (
        "no debug probe with that serial number",
        "leave the serial number out, or list the probes with the tool",
    ),
    Problem.NO_PERMISSION: (
        "the debug probe may not be opened by this user",
        "install the udev rules (apt install stlink-tools or openocd), then plug it in again",
    ),
    Problem.PROBE_BUSY: (
        "another program uses the debug probe",
        "close it (an IDE, a debugger, a second gdb server)",
    ),
    Problem.NO_TARGET: (
        "the debug probe does not reach the chip",
        "check that the board has power; hold its reset button while connecting; when firmware "
        "has locked the debug pins, start the chip's bootloader (BOOT0 = 1) and erase; update "
        "the probe's firmware",
    ),
    Problem.WRONG_CHIP: (
        "the board has another chip than this firmware is for",
        "check board= and that the probe is connected to that board",
    ),
    Problem.PROTECTED: (
        "the chip's flash is protected",
        "removing read protection erases the chip: STM32_Programmer_CLI -c port=SWD mode=UR "
        "-ob RDP=0xAA",
    ),
    Problem.NOT_WRITTEN: (
        "the tool could not write the flash",
        "erase first; check the power supply; a read- or write-protected chip fails like this, too",
    ),
    Problem.NOT_VERIFIED: (
        "the flash does not hold what was written",
        "flash again; when it stays, check the power supply, that no sector is write-protected, "
        "and that the external loader is the board's own",
    ),
    Problem.NO_LOADER: (
        "the external flash did not answer",
        "check that the external loader is the board's own, and switch the board off and on once",
    ),
    Problem.PORT_TAKEN: (
        "the port of the gdb server is taken",
        "give another one with gdb_port=, or end the program that listens there",
    ),
}


def explain(tool: str, status: int, output: str, signs: Sequence[Sign]) -> UserError:
    """The error for a failed call: the first sign that its output shows, or its last words."""
    for sign in signs:
        if sign.found_in(output):
            message, remedy = REMEDIES[sign.problem]
            return UserError(f"{tool}: {message}", remedy)
    words = [line.strip() for line in output.replace("\r", "\n").splitlines() if line.strip()]
    last = f": {words[-1]}" if words else ""
    return UserError(f"{tool} failed with exit status {status}{last}")
