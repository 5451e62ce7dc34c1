"""What the MPU's regions must say once the core reads ahead and caches: over the whole map."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from device.emulators.h750.chip import Chip

_SYSTEM_FLASH = 0x1FF00000
_EXTERNAL = ("qspi", "sdram")
_CACHED_RAM = ("axi", "sdram")


def check_attributes(chip: Chip) -> None:
    """Hold the regions against the memories; for the moment when the caches start, and after."""
    demand, mpu = chip.examiner.demand, chip.scs.mpu
    demand(not mpu.at(_SYSTEM_FLASH).execute, "mpu.system-flash", f"{_SYSTEM_FLASH:#010x}")
    for region in chip.wiring.regions:
        if region.name in _EXTERNAL:
            beyond = mpu.at(region.end).read
            demand(not beyond, "mpu.too-large", f"{region.name} is open at {region.end:#010x}")
        if region.name in _CACHED_RAM:
            found = mpu.at(region.base + region.size // 2)
            demand(not (found.write and found.write_through), "errata.write-through", region.name)
    closed = [0, *([chip.stack_limit] if chip.stack_limit else [])]
    for address in closed:
        demand(not mpu.at(address).read, "mpu.guards", f"{address:#010x} is open")
