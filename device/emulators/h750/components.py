"""Who is who on the core's private bus: ROM table and identification registers.

ADIv5 (IHI 0031), "Component and Peripheral ID registers" and "ROM Tables"; part numbers: Cortex-M7
TRM (DDI 0489), "System address map".
"""

from __future__ import annotations

ROM_TABLE = 0xE00FF000
_SCS, _DWT, _FPB = 0xE000E000, 0xE0001000, 0xE0002000
_ARM = (0x4, 0x3B)  # JEP106 continuation and identity
# Base -> part number, class of the component (1: ROM table, 14: generic).
_COMPONENTS = {ROM_TABLE: (0x4C7, 1), _SCS: (0x00C, 14), _DWT: (0x002, 14), _FPB: (0x00E, 14)}
_PRESENT = 3


def component_register(address: int) -> int | None:
    """The ROM table's entry or the identification register at an address; None elsewhere."""
    base, offset = address & ~0xFFF, address & 0xFFF
    if base not in _COMPONENTS:
        return None
    if base == ROM_TABLE and offset < 0xFCC:
        entries = [(other - ROM_TABLE & 0xFFFFF000) | _PRESENT for other in (_SCS, _DWT, _FPB)]
        return entries[offset // 4] if offset // 4 < len(entries) else 0
    if offset < 0xFD0:
        return None
    part, kind = _COMPONENTS[base]
    continuation, identity = _ARM
    peripheral = (
        part & 0xFF,
        (identity & 0xF) << 4 | part >> 8,
        8 | identity >> 4,
        0,
    )
    values = {0xFD0: continuation, 0xFF0: 0x0D, 0xFF4: kind << 4, 0xFF8: 0x05, 0xFFC: 0xB1}
    values |= {0xFE0 + 4 * index: value for index, value in enumerate(peripheral)}
    return values.get(offset, 0)
