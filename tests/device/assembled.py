"""Functions of a few instructions, linked by themselves for the emulated Cortex-M7."""

from __future__ import annotations

import subprocess
from pathlib import Path

from device.bench.counter import Machine


def machine_of(source: str, entry: str, folder: Path) -> Machine:
    """The functions of an assembly source; `entry` is where its program would begin."""
    (folder / "code.S").write_text(source)
    words = ["arm-none-eabi-gcc", "-mcpu=cortex-m7", "-mthumb", "-nostdlib", "code.S", "-o", "elf"]
    subprocess.run([*words, f"-Wl,-Ttext=0x20000000,-e,{entry}"], cwd=folder, check=True)
    return Machine(folder / "elf", folder)
