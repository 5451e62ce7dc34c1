"""Firmware with a vendor's runtime, which its licence ties to the vendor's devices."""

from __future__ import annotations

from pathlib import Path

from support.errors import UserError

# Defined by templates/board/firmware.ld.j2.
MARK = "__nn_vendor_runtime"


def refuse_on_emulator(elf: Path) -> None:
    """Refuse to emulate ST's runtime (SLA0104: use only on or with devices made by ST).

    Raises:
        UserError: the firmware holds it.
    """
    from device.elf import Elf

    if any(symbol.name == MARK for symbol in Elf(elf).symbols):
        raise UserError(
            f"{elf}: holds ST's runtime, whose licence allows it on ST's devices only",
            "flash it to the board (scons flash), or simulate with ai=builtin",
        )
