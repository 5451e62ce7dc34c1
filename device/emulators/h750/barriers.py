"""Which stores need a barrier behind them, and whether the code has it. ARMv7-M ARM A3.7, B2.2."""

from __future__ import annotations

from collections.abc import Callable

# DSB and ISB (ARMv7-M ARM A7.7): the first half-word, and the second without its option.
_BARRIER = 0xF3BF
_DSB, _ISB = 0x8F40, 0x8F60
_REACH = 64  # bytes of straight code


def _is_branch(first: int, second: int) -> bool:
    """B, BL, BX, BLX, CBZ, CBNZ, POP with PC: what follows may be another path."""
    if first >> 12 in (0xD, 0xE) and first >> 11 != 0b11101:
        return first >> 11 != 0b11101
    if first & 0xFF00 in (0x4700, 0xBD00) or first & 0xF500 == 0xB100:
        return True
    return first >> 11 == 0b11110 and bool(second >> 15)


def missing_barriers(read: Callable[[int, int], bytes], store: int, wanted: str) -> str:
    """The barriers that do not follow a store in its straight line of code.

    Args:
        read: gives bytes of code.
        store: address of the instruction that stores.
        wanted: "dsb", or "dsb isb".

    Returns:
        their names, "" when all are there.
    """
    code = read(store, _REACH)
    halves = [int.from_bytes(code[i : i + 2], "little") for i in range(0, len(code), 2)]
    found: list[str] = []
    index = 0
    while index + 1 < len(halves):
        first, second = halves[index], halves[index + 1]
        wide = first >> 11 in (0b11101, 0b11110, 0b11111)
        if first == _BARRIER and second & 0xFFF0 == _DSB:
            found.append("dsb")
        elif first == _BARRIER and second & 0xFFF0 == _ISB:
            found.append("isb")
        elif index and _is_branch(first, second if wide else 0):
            break
        index += 2 if wide else 1
    return " ".join(name for name in wanted.split() if name not in found)
