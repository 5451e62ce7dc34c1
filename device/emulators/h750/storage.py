"""What the board keeps without power: the chip's flash and its option bytes, the external flash.

Programming clears bits, erasing sets them. A flash word of the chip is 256 bits with an ECC of its
own, which fits only what was programmed at once after an erase (RM0433, "Embedded flash memory").
An external chip's page is 256 bytes, its sector 64 KiB; where there are two they lie side by side,
even bytes in the first (Micron, MT25Q).
"""

from __future__ import annotations

import io
import json
import random
import zipfile
from pathlib import Path

from device.elf import Elf
from device.emulators.h750.memories import FLASH
from device.emulators.h750.wiring import STM32H750B_DK, Wiring
from support.errors import UserError
from support.files import write_bytes

WORD = 32
_CHIP_SECTOR = 64 << 10
# Option bytes after production: no protection (RM0433 FLASH_OPTSR, FLASH_WPSN, FLASH_PRAR: the
# area is empty because it starts behind its end).
OPTIONS = {"optsr": 0x0406AAF0, "wpsn": 0xFF, "prar": 0x000000FF, "boot": 0x1FF00800}
_DATE = (1980, 1, 1, 0, 0, 0)


class Storage:
    """Bytes that survive.

    Args:
        cut, seed: see the attributes.
        wiring: what is outside of the chip.

    Attributes:
        wiring: as given.
        chips: external flash chips; one where there is none.
        sector: bytes of a sector of all of them together, as they lie in the window.
        flash: the chip's own flash.
        damaged: offsets of flash words whose ECC does not fit their bits.
        sectors: number of a sector of the external flash -> its bytes; what is not here is erased.
        options: option bytes, see `OPTIONS`.
        changes: how often something was programmed or erased.
        cut: number of the change during which the power fails, or None. From then on nothing
            changes.
        dead: whether it has failed.
        seed: decides what a change that was cut leaves behind.
    """

    def __init__(
        self, *, cut: int | None = None, seed: int = 0, wiring: Wiring = STM32H750B_DK
    ) -> None:
        self.wiring = wiring
        self.chips = wiring.flash_chips.count if wiring.flash_chips else 1
        self.sector = self.chips * _CHIP_SECTOR
        self._erased = b"\xff" * self.sector
        self.flash = bytearray(b"\xff" * FLASH.size)
        self.damaged: set[int] = set()
        self.sectors: dict[int, bytearray] = {}
        self.options = dict(OPTIONS)
        self.changes, self.cut, self.seed, self.dead = 0, cut, seed, False

    def _begin(self) -> random.Random | None:
        """Count a change; when it is the one that is cut, what decides how far it comes."""
        self.changes += 1
        if self.changes != self.cut:
            return None
        self.dead = True
        return random.Random(f"{self.seed} {self.changes}")

    # --- the chip's own flash ---------------------------------------------------------------------
    def program_word(self, offset: int, data: bytes) -> None:
        """Program the flash word at `offset`; cut: some bits, and an ECC that fits none of them."""
        if self.dead:
            return
        cut = self._begin()
        before = bytes(self.flash[offset : offset + WORD])
        if cut:
            data = bytes(byte | cut.getrandbits(8) for byte in data)
        self.flash[offset : offset + WORD] = bytes(a & b for a, b in zip(before, data, strict=True))
        if cut or before != b"\xff" * WORD:
            self.damaged.add(offset)

    def erase_flash(self) -> None:
        """Erase the chip's only sector; cut: bits between what they were and erased."""
        if self.dead:
            return
        cut = self._begin()
        if cut:
            noise = cut.randbytes(len(self.flash))
            self.flash[:] = bytes(a | b for a, b in zip(self.flash, noise, strict=True))
            self.damaged = set(range(0, len(self.flash), WORD))
            return
        self.flash[:] = b"\xff" * len(self.flash)
        self.damaged.clear()

    # --- the external flash -----------------------------------------------------------------------
    def read_external(self, offset: int, length: int) -> bytes:
        """Bytes from the window's `offset` on."""
        found = bytearray()
        while length:
            number, start = divmod(offset, self.sector)
            part = self.sectors.get(number, self._erased)[start : start + length]
            found += part
            offset += len(part)
            length -= len(part)
        return bytes(found)

    def program_external(self, which: int, address: int, data: bytes) -> None:
        """Program bytes of one page of chip `which`, 0 or 1; cut: only the first bytes."""
        if self.dead:
            return
        cut = self._begin()
        if cut:
            data = data[: cut.randrange(len(data) + 1)]
        number, start = divmod(self.chips * address + which, self.sector)
        sector = self.sectors.setdefault(number, bytearray(self._erased))
        place = slice(start, start + self.chips * len(data), self.chips)
        sector[place] = bytes(a & b for a, b in zip(sector[place], data, strict=True))

    def erase_external(self, which: int, address: int, size: int) -> None:
        """Erase `size` bytes of chip `which`; cut: bits between what they were and erased."""
        if self.dead:
            return
        cut = self._begin()
        for base in range(address, address + size, _CHIP_SECTOR):
            number, start = divmod(self.chips * base + which, self.sector)
            sector = self.sectors.get(number)
            if sector is None:
                continue
            length = min(size, _CHIP_SECTOR)
            place = slice(start, start + self.chips * length, self.chips)
            noise = cut.randbytes(length) if cut else b"\xff" * length
            sector[place] = bytes(a | b for a, b in zip(sector[place], noise, strict=True))

    # --- where it comes from ----------------------------------------------------------------------
    @classmethod
    def of_elf(cls, elf: Elf, wiring: Wiring = STM32H750B_DK) -> Storage:
        """What a programmer leaves behind that wrote the ELF to a new board."""
        storage, qspi = cls(wiring=wiring), wiring.qspi
        for segment in elf.segments:
            if not segment.data:
                continue
            if FLASH.base <= segment.load < FLASH.end:
                start = segment.load - FLASH.base
                storage.flash[start : start + len(segment.data)] = segment.data
            elif qspi and qspi.base <= segment.load < qspi.end:
                storage._place(segment.load - qspi.base, segment.data)
        return storage

    def _place(self, offset: int, data: bytes) -> None:
        while data:
            number, start = divmod(offset, self.sector)
            sector = self.sectors.setdefault(number, bytearray(self._erased))
            part = data[: self.sector - start]
            sector[start : start + len(part)] = part
            offset, data = offset + len(part), data[len(part) :]

    # --- files ------------------------------------------------------------------------------------
    def save(self, path: Path) -> None:
        """Write everything to one file."""
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            facts = {"damaged": sorted(self.damaged), "options": self.options}
            members = {"facts.json": json.dumps(facts).encode(), "flash.bin": bytes(self.flash)}
            members |= {f"qspi/{n}.bin": bytes(b) for n, b in sorted(self.sectors.items())}
            for name, data in members.items():
                archive.writestr(zipfile.ZipInfo(name, _DATE), data, zipfile.ZIP_DEFLATED)
        write_bytes(path, buffer.getvalue())

    @classmethod
    def load(cls, path: Path, wiring: Wiring = STM32H750B_DK) -> Storage:
        """Read a file that `save` wrote; a board fresh from production when there is none.

        Raises:
            UserError: it is something else.
        """
        storage = cls(wiring=wiring)
        sectors = wiring.qspi.size // storage.sector if wiring.qspi else 0
        if not path.exists():
            return storage
        try:
            with zipfile.ZipFile(path) as archive:
                facts = json.loads(archive.read("facts.json"))
                storage.flash[:] = archive.read("flash.bin")
                storage.damaged = set(facts["damaged"])
                storage.options = facts["options"]
                for name in archive.namelist():
                    if name.startswith("qspi/"):
                        storage.sectors[int(Path(name).stem)] = bytearray(archive.read(name))
        except (zipfile.BadZipFile, KeyError, ValueError, TypeError) as error:
            raise UserError(
                f"{path}: not a model board's memories ({error})", "delete it: the board is new"
            ) from None
        if len(storage.flash) != FLASH.size or not all(
            len(sector) == storage.sector and number < sectors
            for number, sector in storage.sectors.items()
        ):
            raise UserError(f"{path}: memories of the wrong size", "delete it: the board is new")
        return storage


class ExternalChip:
    """The memory of one of the external chips.

    Args:
        storage: of the board.
        which: 0 for the first; of two: for even bytes of the window, 1 for odd ones.
    """

    def __init__(self, storage: Storage, which: int) -> None:
        self._storage, self._which = storage, which

    def read(self, address: int, length: int) -> bytes:
        """`length` bytes from a byte address of this chip; it goes round at its end."""
        count = self._storage.chips
        return self._storage.read_external(count * address, count * length)[self._which :: count]

    def program(self, address: int, data: bytes) -> None:
        """Clear bits in one page."""
        self._storage.program_external(self._which, address, data)

    def erase(self, address: int, size: int) -> None:
        """Set all bits of `size` bytes."""
        self._storage.erase_external(self._which, address, size)
