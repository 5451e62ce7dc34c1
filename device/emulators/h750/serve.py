"""`python -m device.emulators.h750.serve --board TOML ELF`: the model; its console: stdin, stdout.

Runs until the input ends. The fence around inferences is off: firmware that shows its layers leaves
the memories of an inference to do so.
"""

from __future__ import annotations

import argparse
import math
import os
from pathlib import Path

from device.boards import read_board
from device.elf import Elf
from device.emulators.h750.machine import Machine
from device.emulators.h750.rules import Examiner
from device.emulators.h750.storage import Storage
from device.emulators.h750.wiring import wiring_of
from support.errors import run_cli

_REVISION = "V"
# Looks for a byte without one sent between them: it only waits. Sending looks once for each byte.
_LOOKS = 8


class Pipes:
    """The console's bytes.

    Firmware that does nothing but look for a byte waits for one, and so do we: time stands still in
    the model meanwhile.
    """

    def __init__(self) -> None:
        self._in = iter(b"")
        self._out = bytearray()
        self._looks = 0

    def receive(self) -> int:
        """The next byte, or -1; ends this process when there will be none."""
        byte = next(self._in, -1)
        if byte >= 0:
            return byte
        self._looks += 1
        if self._looks < _LOOKS:
            return -1
        self.flush()
        data = os.read(0, 65536)
        if not data:
            os._exit(0)
        self._in, self._looks = iter(data), 0
        return next(self._in)

    def send(self, byte: int) -> None:
        """Keep a byte until the firmware waits for input."""
        self._looks = 0
        self._out.append(byte)
        if len(self._out) >= 4096:
            self.flush()

    def flush(self) -> None:
        """Write what is kept."""
        while self._out:
            del self._out[: os.write(1, self._out)]


def main() -> int:
    """Run the firmware; its status, if it ends itself."""
    parser = argparse.ArgumentParser(prog="model", description=__doc__)
    parser.add_argument("--board", type=Path, required=True, help="board.toml")
    parser.add_argument("elf", type=Path)
    arguments = parser.parse_args()
    pipes, elf = Pipes(), Elf(arguments.elf)
    storage = Storage.of_elf(elf, wiring_of(read_board(arguments.board)))
    examiner = Examiner(["inference.memory"])
    machine = Machine(elf, _REVISION, pipes.send, examiner, storage=storage)
    machine.chip.receive = pipes.receive
    try:
        return machine.run(math.inf).status
    finally:
        pipes.flush()


if __name__ == "__main__":
    run_cli("model", main)
