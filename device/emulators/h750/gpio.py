"""GPIO ports, held against what the board wires to them. RM0433 "GPIO"."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from device.emulators.h750 import rcc
from device.emulators.h750.peripheral import Peripheral, zeros

if TYPE_CHECKING:
    from device.emulators.h750.chip import Chip

MODER, OSPEEDR, PUPDR, IDR, ODR, BSRR, AFRL = 0x00, 0x08, 0x0C, 0x10, 0x14, 0x18, 0x20
_FUNCTION, _FAST = 2, 2  # MODER: alternate function; OSPEEDR: high speed


# Users whose edges are fast.
_NEEDS_SPEED = ("qspi", "sdram")


class Gpio(Peripheral):
    """One port, "A" to "K"."""

    resets: ClassVar = zeros(*range(0x04, 0x28, 4)) | {MODER: 0xFFFFFFFF}
    _DEBUG_PINS: ClassVar = {"A": 0xABFFFFFF, "B": 0xFFFFFEBF}

    def __init__(self, chip: Chip, port: str) -> None:
        super().__init__(chip)
        self._index = "ABCDEFGHIJK".index(port)
        self.name, self.base = f"GPIO{port}", 0x58020000 + 0x400 * self._index
        self.values[MODER] = self._DEBUG_PINS.get(port, self.values[MODER])

    def clock_gate(self) -> tuple[int, int]:
        return rcc.AHB4ENR, self._index

    def read(self, offset: int, size: int) -> int:
        return super().read(ODR if offset == IDR else offset, size)

    def write(self, offset: int, size: int, value: int) -> None:
        if offset == BSRR:
            self.values[ODR] = (self.values[ODR] & ~(value >> 16) | value & 0xFFFF) & 0xFFFF
        else:
            super().write(offset, size, value)

    def output(self, pin: int) -> bool | None:
        """The level an output pin drives, or None when it is no output."""
        if self.values[MODER] >> 2 * pin & 3 != 1:
            return None
        return bool(self.values[ODR] >> pin & 1)

    def function(self, pin: int) -> int | None:
        """The alternate function of a pin, or None when it has another mode."""
        if self.values[MODER] >> 2 * pin & 3 != _FUNCTION:
            return None
        return self.values[AFRL + 4 * (pin // 8)] >> 4 * (pin % 8) & 0xF

    def fast(self, pin: int) -> bool:
        """Whether the pin's speed is high or very high."""
        return self.values[OSPEEDR] >> 2 * pin & 3 >= _FAST


def check_wiring(chip: Chip, user: str) -> None:
    """Hold the pins of a peripheral against the board's wiring."""
    for pin, function in chip.wiring.pins.get(user, {}).items():
        port, number = chip.ports[pin[0]], int(pin[1:])
        found = port.function(number)
        detail = f"P{pin} needs AF{function} for {user}, has {'none' if found is None else found}"
        chip.examiner.demand(found == function, "pins.function", detail)
        if user in _NEEDS_SPEED:
            detail = f"P{pin} is too slow for {user}"
            chip.examiner.demand(port.fast(number), "pins.function", detail)
    if user in _NEEDS_SPEED:
        chip.examiner.demand(chip.syscfg.compensated(), "pins.compensation", user)
