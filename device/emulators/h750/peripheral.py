"""The base of every register block."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from device.emulators.h750.chip import Chip


def zeros(*offsets: int) -> dict[int, int]:
    """Registers that are 0 after reset."""
    return dict.fromkeys(offsets, 0)


class Countdown:
    """A flag that hardware sets a while after it was asked to: after that many looks at it."""

    def __init__(self, looks: int = 3) -> None:
        self._looks, self._left = looks, 0

    def start(self, *, never: bool = False) -> None:
        """Begin to wait; with `never`, without end: the hardware is broken."""
        self._left = 1 << 62 if never else self._looks

    def look(self) -> bool:
        """Whether the wait is over; looking shortens it."""
        if self._left:
            self._left -= 1
        return self._left == 0

    def finish(self) -> None:
        """So much time passes that the wait is over, unless it has no end."""
        if self._left <= self._looks:
            self._left = 0

    @property
    def over(self) -> bool:
        """Whether the wait is over, without shortening it."""
        return self._left == 0


class Peripheral:
    """Registers at `base`. Unless a subclass says otherwise they keep what is written to them.

    Attributes:
        name: for messages.
        base: address of the block.
        size: bytes, a multiple of 1 KiB.
        resets: offset -> value after reset; offsets that are not here do not exist.
        gate: (offset of the RCC enable register, bit), or None when always clocked.
    """

    name: str
    base: int
    size = 0x400
    resets: ClassVar[Mapping[int, int]]
    gate: ClassVar[tuple[int, int] | None] = None

    def __init__(self, chip: Chip) -> None:
        self.chip = chip
        self.values = dict(self.resets)

    def reset(self) -> None:
        """What its bit in an RCC reset register does."""
        self.values = dict(self.resets)

    def demand(self, kept: bool, rule: str, detail: str) -> None:
        """Stop the run unless the rule is kept."""
        self.chip.examiner.demand(kept, rule, detail)

    def clock_gate(self) -> tuple[int, int] | None:
        """The RCC enable bit of this block."""
        return self.gate

    def read(self, offset: int, size: int) -> int:
        """A read of `size` bytes."""
        return self._word(offset)

    def write(self, offset: int, size: int, value: int) -> None:
        """A write of `size` bytes."""
        self._word(offset)
        self.values[offset] = value

    def _word(self, offset: int) -> int:
        if offset not in self.values:
            self.demand(False, "bus.reserved", f"{self.name} + {offset:#x}")
            self.values[offset] = 0
        return self.values[offset]
