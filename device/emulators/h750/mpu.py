"""The MPU's regions, and what they allow at an address. PM0253 "MPU"; ARMv7-M ARM B3.5."""

from __future__ import annotations

from dataclasses import dataclass

_ENABLE, _DEFAULT_MAP = 1, 4
_REGIONS = 16
# AP field -> (readable, writable) for privileged code.
_ACCESS = {0: (False, False), 1: (True, True), 2: (True, True), 3: (True, True)} | dict.fromkeys(
    (5, 6, 7), (True, False)
)


@dataclass(frozen=True)
class Attributes:
    """What the core may do at an address; `normal` is false for device memory.

    `write_through`: stores go to the cache and the memory both.
    """

    read: bool
    write: bool
    execute: bool
    normal: bool
    write_through: bool = False


_NOTHING = Attributes(False, False, False, False)


class Mpu:
    """MPU registers and their meaning."""

    def __init__(self) -> None:
        self.control = 0
        self.number = 0
        self._bases = [0] * _REGIONS
        self._attributes = [0] * _REGIONS

    def read_base(self) -> int:
        """MPU_RBAR of the region in MPU_RNR."""
        return self._bases[self.number] | self.number

    def read_attributes(self) -> int:
        """MPU_RASR of the region in MPU_RNR."""
        return self._attributes[self.number]

    def write_base(self, value: int) -> None:
        """MPU_RBAR; with VALID set it selects the region too."""
        if value & 0x10:
            self.number = value & 0xF
        self._bases[self.number] = value & ~0x1F

    def write_attributes(self, value: int) -> None:
        """MPU_RASR."""
        self._attributes[self.number] = value

    def at(self, address: int) -> Attributes:
        """What holds at an address: the highest matching region, else the default map."""
        if not self.control & _ENABLE:
            return _default(address)
        for number in reversed(range(_REGIONS)):
            attributes = self._attributes[number]
            if attributes & 1 and self._covers(number, address):
                return _decode(attributes)
        return _default(address) if self.control & _DEFAULT_MAP else _NOTHING

    def _covers(self, number: int, address: int) -> bool:
        attributes = self._attributes[number]
        bits = (attributes >> 1 & 0x1F) + 1
        base = self._bases[number] >> bits << bits
        if not base <= address < base + (1 << bits):
            return False
        part = (address - base) >> (bits - 3) if bits >= 8 else 0
        return not attributes >> 8 >> part & 1


def _decode(attributes: int) -> Attributes:
    read, write = _ACCESS.get(attributes >> 24 & 7, (False, False))
    kind = attributes >> 16 & 3 | (attributes >> 19 & 7) << 2  # TEX C B
    normal = kind not in (0b00000, 0b00001, 0b01000)
    execute = read and not attributes >> 28 & 1
    return Attributes(read, write, execute, normal, write_through=kind == 0b00010)


def _default(address: int) -> Attributes:
    """The default memory map (ARMv7-M ARM B3.1)."""
    normal = address < 0x40000000 or 0x60000000 <= address < 0xA0000000
    return Attributes(True, True, normal, normal)
