"""Memories of the chip and the board, and what the core may do with them at the moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from device.emulators.h750 import rcc

if TYPE_CHECKING:
    from device.emulators.h750.chip import Chip

READ, WRITE, EXECUTE = 1, 2, 4
_RWX = READ | WRITE | EXECUTE


@dataclass(frozen=True)
class Region:
    """A memory: `rights` are READ, WRITE, EXECUTE; `gate` the AHB2ENR bit of its clock."""

    name: str
    base: int
    size: int
    rights: int
    gate: int | None = None
    tcm: bool = False

    @property
    def end(self) -> int:
        """First address behind it."""
        return self.base + self.size


FLASH = Region("flash", 0x08000000, 128 << 10, READ | EXECUTE)
# RM0433 "Memory organization". What lies outside of the chip: wiring.py.
CHIP_REGIONS = (
    FLASH,
    Region("itcm", 0x00000000, 64 << 10, _RWX, tcm=True),
    Region("dtcm", 0x20000000, 128 << 10, _RWX, tcm=True),
    Region("axi", 0x24000000, 512 << 10, _RWX),
    Region("sram1", 0x30000000, 128 << 10, _RWX, gate=29),
    Region("sram2", 0x30020000, 128 << 10, _RWX, gate=30),
    Region("sram3", 0x30040000, 32 << 10, _RWX, gate=31),
    Region("sram4", 0x38000000, 64 << 10, _RWX),
)


def obstacles(chip: Chip, region: Region) -> list[tuple[int, str]]:
    """(rights taken away, rule that takes them), first what the firmware should mend first."""
    found: list[tuple[int, str]] = []
    ram = bool(region.rights & WRITE)
    if ram and not chip.pwr.run_mode:
        found.append((WRITE, "power.run-star"))
    if region.gate is not None and not chip.rcc.enabled(rcc.AHB2ENR, region.gate):
        found.append((_RWX, "memory.clock-off"))
    elif region.gate is not None and not chip.rcc.read_back(rcc.AHB2ENR, region.gate):
        found.append((_RWX, "clock.read-back"))
    if region is chip.wiring.qspi and not chip.quadspi.mapped:
        found.append((_RWX, "qspi.not-mapped"))
    # In the middle: guards close a few bytes at an end, less than a page of the emulator.
    attributes = chip.scs.mpu.at(region.base + region.size // 2)
    if region is chip.wiring.sdram_region:
        if not chip.fmc.ready:
            found.append((_RWX, "sdram.not-ready"))
        if not attributes.normal:
            found.append((_RWX, "sdram.device" if attributes.read else "mpu.denied"))
    allowed = (
        (READ if attributes.read else 0)
        | (WRITE if attributes.write else 0)
        | (EXECUTE if attributes.execute else 0)
    )
    return [*found, (_RWX & ~allowed, "mpu.denied")]


def rights(chip: Chip, region: Region) -> int:
    """What the core can do with a memory now; ignored rules take nothing away."""
    left = region.rights if chip.examiner.holds("memory.read-only") else _RWX
    for taken, rule in obstacles(chip, region):
        if chip.examiner.holds(rule):
            left &= ~taken
    return left


def broken_rule(chip: Chip, address: int, wanted: int) -> str:
    """Name of the rule that an access (READ, WRITE or EXECUTE) to an address broke."""
    region = chip.wiring.region_at(address)
    if region is None:
        return "memory.none"
    for taken, rule in obstacles(chip, region):
        if taken & wanted and chip.examiner.holds(rule):
            return rule
    return "memory.read-only"
