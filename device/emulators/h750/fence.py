"""What an inference may touch, found in the ELF: memory that the placement gave it, and no more."""

from __future__ import annotations

import re

from device.elf import Elf
from device.emulators.h750.backing import Span
from device.emulators.h750.memories import CHIP_REGIONS

# Sections of an inference (docs/architecture.md); each has __nn_<name>_start and _end.
_OWN = ("kernels", "weights", "activations", "tables")
_FURTHER = re.compile(r"__nn_((?:activations|weights)_\d+)_start")


class Fence:
    """Where inferences begin, and what stays open while they run.

    Args:
        elf: the firmware.

    Attributes:
        entry: address of the function that computes one inference, or None when there is none or
            when its code was not placed at all (nothing is in .text.nn.kernels.inference).
        spans: tightly coupled memories, and what the placement put elsewhere on purpose.
    """

    def __init__(self, elf: Elf) -> None:
        names = {symbol.name: symbol.address for symbol in elf.symbols}
        self.spans = [Span(region.base, region.end) for region in CHIP_REGIONS if region.tcm]
        placed = []
        further = {match[1] for name in names if (match := _FURTHER.fullmatch(name))}
        for name in (*_OWN, *sorted(further)):
            start, end = (names.get(f"__nn_{name}_{edge}", 0) for edge in ("start", "end"))
            if end > start:
                placed.append(name)
                self.spans.append(Span(start, end))
        # What section attributes and the linker script put in front of all kernels.
        start, end = (names.get(name, 0) for name in ("__nn_kernels_start", "__nn_inference_end"))
        functions = [s.address for s in elf.symbols if s.function and start <= s.address < end]
        self.entry = functions[0] if functions else None
        self._objects = [s for s in elf.symbols if not s.function and s.size]

    def image(self, address: int) -> Span:
        """The object that holds the input image at `address`: all of it stays open."""
        for symbol in self._objects:
            if symbol.address <= address < symbol.address + symbol.size:
                return Span(symbol.address, symbol.address + symbol.size)
        return Span(address, address + 1)
