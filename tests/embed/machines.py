"""Cortex-M processors as a host sees them: the compiler's flags, and a machine of QEMU's."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

FILES = Path(__file__).resolve().parent / "machine"
COMPILER = "arm-none-eabi-gcc"


@dataclass(frozen=True)
class Machine:
    """A processor.

    Attributes:
        flags: of the compiler.
        qemu: QEMU's name of a board with it.
        code, ram: where that board has 1 MiB of each (QEMU, hw/arm/mps2.c and mps2-tz.c).
    """

    flags: tuple[str, ...]
    qemu: str = ""
    code: int = 0
    ram: int = 0x20000000

    @property
    def link_flags(self) -> tuple[str, ...]:
        """For a link in a folder that `copy_to` filled."""
        origins = (f"-Wl,--defsym=CODE_ORIGIN={self.code}", f"-Wl,--defsym=RAM_ORIGIN={self.ram}")
        return (*self.flags, "-nostartfiles", "--specs=rdimon.specs", "-T", "machine.ld", *origins)

    def scons_arguments(self) -> str:
        """Arguments of SCons' Environment()."""
        flags = list(self.flags)
        return (
            f"CC={COMPILER!r}, CCFLAGS={flags}, LINKFLAGS={[*self.link_flags]}, PROGSUFFIX='.elf'"
        )

    def copy_to(self, folder: Path) -> None:
        """The start-up code and linker script."""
        for path in FILES.iterdir():
            shutil.copy(path, folder)

    def command(self, elf: str) -> tuple[str, ...]:
        """Run a program in the current folder, whose files it can open."""
        semihosting = "enable=on,target=native"
        return (
            *("qemu-system-arm", "-M", self.qemu, "-display", "none", "-monitor", "none"),
            *("-serial", "none", "-semihosting-config", semihosting, "-kernel", elf),
        )


def _flags(core: str, fpu: str = "") -> tuple[str, ...]:
    return (f"-mcpu={core}", "-mthumb", *((f"-mfpu={fpu}", "-mfloat-abi=hard") if fpu else ()))


MACHINES = {
    "cortex-m7": Machine(_flags("cortex-m7", "fpv5-sp-d16"), "mps2-an500"),
    "cortex-m4": Machine(_flags("cortex-m4", "fpv4-sp-d16"), "mps2-an386"),
    "cortex-m33": Machine(
        _flags("cortex-m33", "fpv5-sp-d16"), "mps2-an505", 0x10000000, 0x38000000
    ),
    "cortex-m3": Machine(_flags("cortex-m3"), "mps2-an385"),
    # QEMU has no board of this kind.
    "cortex-m0plus": Machine(_flags("cortex-m0plus")),
}
