"""What lies around the chip on a board: oscillator, console, flash chips, SDRAM, and their pins.

The STM32H750B-DK's are stated here from its documents, not from its board.toml, so that a wrong
entry there does not pass unseen. Of each other board the model knows what its board.toml says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from device.boards import Board, Memory
from device.emulators.h750.memories import CHIP_REGIONS, EXECUTE, READ, WRITE, Region

_DK = "stm32h750b_dk"


@dataclass(frozen=True)
class FlashChips:
    """MT25Q chips on QUADSPI.

    Attributes:
        count: 1, or 2 side by side: even bytes in the first, odd ones in the second.
        size: bytes of all together.
        jedec_id: of each; maker in the highest byte.
    """

    count: int
    size: int
    jedec_id: int


@dataclass(frozen=True)
class Sdram:
    """An SDRAM chip on FMC.

    Attributes:
        base: of the bank that it is on: 0xC0000000 or 0xD0000000.
        columns, rows: address bits of each.
        bits: data lines that are wired.
        times_ns: what each field of FMC_SDTR must give at least; TMRD is two clocks.
        refresh_ms: within which each row must be refreshed.
    """

    base: int
    columns: int
    rows: int
    bits: int
    banks: int
    cas: int
    max_hz: int
    times_ns: Mapping[str, int]
    refresh_ms: int

    @property
    def size(self) -> int:
        """Bytes."""
        return (1 << self.columns + self.rows) * self.banks * self.bits // 8


@dataclass(frozen=True)
class Wiring:
    """A board without its chip.

    Attributes:
        hse_hz: the oscillator.
        usart: number of the console's USART.
        pins: user ("console", "qspi", "sdram") -> pin ("B10") -> alternate function.
    """

    hse_hz: int
    usart: int
    baud: int
    pins: Mapping[str, Mapping[str, int]]
    flash_chips: FlashChips | None = None
    sdram: Sdram | None = None

    @cached_property
    def regions(self) -> tuple[Region, ...]:
        """All memories of chip and board."""
        outside = []
        if self.flash_chips:
            outside.append(Region("qspi", 0x90000000, self.flash_chips.size, READ | EXECUTE))
        if self.sdram:
            rights = READ | WRITE | EXECUTE
            outside.append(Region("sdram", self.sdram.base, self.sdram.size, rights))
        return (*CHIP_REGIONS, *outside)

    @cached_property
    def _by_name(self) -> dict[str, Region]:
        return {region.name: region for region in self.regions}

    @property
    def qspi(self) -> Region | None:
        """The window of the flash chips."""
        return self._by_name.get("qspi")

    @property
    def sdram_region(self) -> Region | None:
        """Where the SDRAM is seen."""
        return self._by_name.get("sdram")

    def region_at(self, address: int) -> Region | None:
        """The memory at an address."""
        return next((r for r in self.regions if r.base <= address < r.end), None)


def _pins(function: int, names: str) -> dict[str, int]:
    return dict.fromkeys(names.split(), function)


# UM2488: I/O assignment, X1, Quad-SPI NOR flash memory, SDRAM; alternate functions: datasheet.
# Micron: MT25QL512ABB, MT48LC4M32B2-6A, of whose 32 data lines 16 are wired.
STM32H750B_DK = Wiring(
    hse_hz=25_000_000,
    usart=3,
    baud=115200,
    pins={
        "console": _pins(7, "B10 B11"),
        "qspi": _pins(9, "D11 F6 F7 F10 G9 G14 H2 H3") | _pins(10, "F9 G6"),
        "sdram": _pins(
            12,
            "D0 D1 D8 D9 D10 D14 D15 E0 E1 E7 E8 E9 E10 E11 E12 E13 E14 E15 F0 F1 F2 F3 F4 F5 "
            "F11 F12 F13 F14 F15 G0 G1 G4 G5 G8 G15 H5 H6 H7",
        ),
    },
    flash_chips=FlashChips(count=2, size=128 << 20, jedec_id=0x20BA20),
    sdram=Sdram(
        base=0xD0000000,
        columns=8,
        rows=12,
        bits=16,
        banks=4,
        cas=3,
        max_hz=166_000_000,
        times_ns={"TXSR": 67, "TRAS": 42, "TRC": 60, "TWR": 12, "TRP": 18, "TRCD": 18},
        refresh_ms=64,
    ),
)


def wiring_of(board: Board) -> Wiring:
    """What is known of a board."""
    return STM32H750B_DK if board.name == _DK else stated_wiring(board)


def stated_wiring(board: Board) -> Wiring:
    """What a board.toml says; `device.chip_family` has seen that nothing is missing there."""
    numbers = board.chip.constants
    outside = {memory.name: memory for memory in board.memories if memory.external}
    return Wiring(
        hse_hz=1000 * numbers["hse_khz"],
        usart=numbers["console_usart"],
        baud=board.console.baud,
        pins={
            user: {
                f"{group.port}{pin}": group.function
                for group in groups
                for pin in range(16)
                if group.mask >> pin & 1
            }
            for user, groups in board.chip.pins.items()
        },
        flash_chips=_flash_chips(outside["qspi"], numbers) if "qspi" in outside else None,
        sdram=_sdram(outside["sdram"], numbers) if "sdram" in outside else None,
    )


def _flash_chips(memory: Memory, numbers: Mapping[str, int]) -> FlashChips:
    return FlashChips(numbers["qspi_chips"], memory.length, numbers["qspi_jedec_id"])


def _sdram(memory: Memory, numbers: Mapping[str, int]) -> Sdram:
    names = ("TXSR", "TRAS", "TRC", "TWR", "TRP", "TRCD")
    return Sdram(
        base=memory.origin,
        columns=numbers["sdram_column_bits"],
        rows=numbers["sdram_row_bits"],
        bits=numbers["sdram_data_bits"],
        banks=numbers["sdram_banks"],
        cas=numbers["sdram_cas"],
        max_hz=1000 * numbers["sdram_khz"],
        times_ns={name: numbers[f"sdram_{name.lower()}_ns"] for name in names},
        refresh_ms=numbers["sdram_refresh_ms"],
    )
