"""`python -m device.emulators.h750.serve ELF`: the model with its console on stdin and stdout.

Runs until the input ends. The fence around inferences is off: firmware that shows its layers leaves
the memories of an inference to do so.
"""

from __future__ import annotations

import math
import os
import sys
from pathlib import Path

from device.elf import Elf
from device.emulators.h750.machine import Machine
from device.emulators.h750.rules import Examiner
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
    pipes = Pipes()
    machine = Machine(Elf(Path(sys.argv[1])), _REVISION, pipes.send, Examiner(["inference.memory"]))
    machine.chip.receive = pipes.receive
    try:
        return machine.run(math.inf).status
    finally:
        pipes.flush()


if __name__ == "__main__":
    run_cli("model", main)
