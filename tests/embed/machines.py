"""Cortex-M processors as a host sees them: the compiler's flags, and a machine of QEMU's.

Programs start as on a chip: the flash holds what was written to it, and RAM holds garbage.
"""

from __future__ import annotations

import random
import shutil
from dataclasses import dataclass
from pathlib import Path

from elftools.elf.elffile import ELFFile

from tests.embed.hosts import Host

FILES = Path(__file__).resolve().parent / "machine"
COMPILER = "arm-none-eabi-gcc"
SCRIPT = "cubemx.ld"
KIB = 1024


@dataclass(frozen=True)
class Machine:
    """A processor, and a board of QEMU's with it.

    Attributes:
        flags: of the compiler.
        qemu: QEMU's name of the board.
        flash, ram: first address and bytes of what a program may use.
        image: where QEMU's loader takes the flash's contents, when not at `flash`.
    """

    flags: tuple[str, ...]
    qemu: str = ""
    # QEMU, hw/arm/mps2.c: 4 MiB of each, and the first 256 KiB are enough here.
    flash: tuple[int, int] = (0, 256 * KIB)
    ram: tuple[int, int] = (0x20000000, 256 * KIB)

    def link_flags(self, script: str | None = SCRIPT) -> tuple[str, ...]:
        """For a link in a folder that `copy_to` filled; without a script the host names its own."""
        memories = {"FLASH": self.flash, "RAM": self.ram}
        symbols = [
            f"-Wl,--defsym={name}_{part}={value}"
            for name, memory in memories.items()
            for part, value in zip(("ORIGIN", "LENGTH"), memory, strict=True)
        ]
        choice = () if script is None else ("-T", script)
        return (*self.flags, "-nostartfiles", "--specs=rdimon.specs", *choice, *symbols)

    def scons_arguments(self) -> str:
        """Arguments of SCons' Environment()."""
        flags = list(self.flags)
        return (
            f"CC={COMPILER!r}, CCFLAGS={flags}, LINKFLAGS={[*self.link_flags()]}, PROGSUFFIX='.elf'"
        )

    def copy_to(self, folder: Path) -> None:
        """The start-up code and linker scripts."""
        for path in FILES.iterdir():
            shutil.copy(path, folder)

    def command(self) -> tuple[str, ...]:
        """Run what `write_memories` left in the current folder, whose files it can open."""
        semihosting = "enable=on,target=native"
        return (
            "qemu-system-arm",
            "-M",
            self.qemu,
            "-display",
            "none",
            "-monitor",
            "none",
            "-serial",
            "none",
            "-semihosting-config",
            semihosting,
            "-device",
            f"loader,file=flash.bin,addr={self.flash[0]},force-raw=on",
            "-device",
            f"loader,file=garbage.bin,addr={self.ram[0]},force-raw=on",
        )

    def write_memories(self, folder: Path, elf: str) -> None:
        """Write what flash and RAM hold before reset: what a programmer puts there, and garbage."""
        start, size = self.flash
        flash = bytearray(b"\xff" * size)
        with (folder / elf).open("rb") as stream:
            for segment in ELFFile(stream).iter_segments("PT_LOAD"):
                begin = segment["p_paddr"] - start
                if 0 <= begin < size:
                    data = segment.data()
                    flash[begin : begin + len(data)] = data
        (folder / "flash.bin").write_bytes(flash)
        (folder / "garbage.bin").write_bytes(random.Random(1).randbytes(self.ram[1]))

    def check(self, host: Host, elf: str) -> None:
        """Run a host's product: every byte of both networks is the reference's."""
        self.write_memories(host.root, elf)
        host.check(*self.command())


def _flags(core: str, fpu: str = "") -> tuple[str, ...]:
    return (f"-mcpu={core}", "-mthumb", *((f"-mfpu={fpu}", "-mfloat-abi=hard") if fpu else ()))


MACHINES = {
    "cortex-m7": Machine(_flags("cortex-m7", "fpv5-sp-d16"), "mps2-an500"),
    "cortex-m4": Machine(_flags("cortex-m4", "fpv4-sp-d16"), "mps2-an386"),
    "cortex-m33": Machine(
        _flags("cortex-m33", "fpv5-sp-d16"),
        "mps2-an505",
        (0x10000000, 256 * KIB),
        (0x38000000, 256 * KIB),
    ),
    "cortex-m3": Machine(_flags("cortex-m3"), "mps2-an385"),
    # QEMU has no board of this kind.
    "cortex-m0plus": Machine(_flags("cortex-m0plus")),
    # Boards of real projects. QEMU, hw/arm: netduinoplus2.c, stellaris.c, stm32f100_soc.h.
    "netduinoplus2": Machine(
        _flags("cortex-m4", "fpv4-sp-d16"),
        "netduinoplus2",
        (0x08000000, 1024 * KIB),
        (0x20000000, 128 * KIB),
    ),
    "lm3s6965evb": Machine(
        _flags("cortex-m3"), "lm3s6965evb", (0, 256 * KIB), (0x20000000, 64 * KIB)
    ),
    "stm32vldiscovery": Machine(
        _flags("cortex-m3"), "stm32vldiscovery", (0x08000000, 128 * KIB), (0x20000000, 8 * KIB)
    ),
}
CORES = tuple(name for name in MACHINES if name.startswith("cortex"))
