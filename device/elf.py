"""ELF files as this package needs them: load segments, symbols, sections, and lines of code."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import Path

from elftools.common.exceptions import ELFError
from elftools.construct import ConstructError
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from support.errors import UserError
from support.files import BUILD_AGAIN, check_given

# Section flags (System V ABI, "Sections").
_SHF_WRITE, _SHF_ALLOC, _SHF_EXECINSTR = 1, 2, 4

# What pyelftools raises on bytes that are no ELF file, or only part of one.
_BROKEN = (ELFError, ConstructError, ValueError, KeyError, IndexError, AssertionError)


@dataclass(frozen=True)
class Segment:
    """A PT_LOAD segment.

    Attributes:
        load: physical address, where its bytes are stored.
        run: virtual address, where the program sees it.
        data: the stored bytes (may be empty: .bss).
        size: bytes it takes at `run`.
    """

    load: int
    run: int
    data: bytes
    size: int


@dataclass(frozen=True)
class Section:
    """An allocated section: run address, load address (where `stored` bytes lie), size, rights."""

    name: str
    run: int
    load: int
    size: int
    stored: bool
    writable: bool
    executable: bool


@dataclass(frozen=True)
class Symbol:
    """A function or object; `address` without the Thumb bit."""

    name: str
    address: int
    size: int
    function: bool


class Elf:
    """A linked firmware.

    Attributes:
        segments: the PT_LOAD segments that take any memory.
        sections: those that take memory when the program runs, in order of run address.
        symbols: named functions, objects and addresses, in order of address.

    Raises:
        UserError: the file is missing, is no ELF, is damaged, or is not linked for 32-bit Arm.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        check_given(self.path)
        try:
            self._file = ELFFile(BytesIO(self.path.read_bytes()))
            self._require_arm_program()
            self.segments = self._read_segments()
            self.sections = self._read_sections()
            self.symbols = self._read_symbols()
        except FileNotFoundError:
            raise UserError(f"{path}: no such file", "build it first") from None
        except _BROKEN as error:
            raise UserError(
                f"{path}: not an ELF file, or a damaged one ({error})", BUILD_AGAIN
            ) from None

    def _require_arm_program(self) -> None:
        machine, kind = self._file["e_machine"], self._file["e_type"]
        if machine != "EM_ARM" or kind != "ET_EXEC":
            raise UserError(f"{self.path}: no linked program for 32-bit Arm ({machine}, {kind})")

    @property
    def entry(self) -> int:
        """Address of the first instruction, without the Thumb bit."""
        entry: int = self._file["e_entry"]
        return entry & ~1

    def _read_segments(self) -> tuple[Segment, ...]:
        found = []
        for segment in self._file.iter_segments("PT_LOAD"):
            data = segment.data()
            if len(data) != segment["p_filesz"]:
                raise ELFError("a segment is cut off")
            if segment["p_memsz"]:
                place = segment["p_paddr"], segment["p_vaddr"]
                found.append(Segment(*place, data, segment["p_memsz"]))
        return tuple(found)

    def _read_sections(self) -> tuple[Section, ...]:
        found = []
        for section in self._file.iter_sections():
            flags, size = section["sh_flags"], section["sh_size"]
            if not flags & _SHF_ALLOC or not size:
                continue
            run, stored = section["sh_addr"], section["sh_type"] != "SHT_NOBITS"
            load = self._load_address(run) if stored else run
            writable, executable = bool(flags & _SHF_WRITE), bool(flags & _SHF_EXECINSTR)
            found.append(Section(section.name, run, load, size, stored, writable, executable))
        return tuple(sorted(found, key=lambda section: section.run))

    def _load_address(self, run: int) -> int:
        for segment in self.segments:
            if segment.run <= run < segment.run + segment.size:
                return segment.load + run - segment.run
        return run

    def _read_symbols(self) -> tuple[Symbol, ...]:
        found = set()
        for table in self._file.iter_sections():
            if not isinstance(table, SymbolTableSection):
                continue
            for symbol in table.iter_symbols():
                kind = symbol["st_info"]["type"]
                defined = symbol["st_shndx"] != "SHN_UNDEF"
                if defined and symbol.name and kind in ("STT_FUNC", "STT_OBJECT", "STT_NOTYPE"):
                    function = kind == "STT_FUNC"
                    address = symbol["st_value"] & ~1 if function else symbol["st_value"]
                    if not symbol.name.startswith("$"):  # $t, $d: mapping symbols (AAELF32)
                        found.add(Symbol(symbol.name, address, symbol["st_size"], function))
        return tuple(sorted(found, key=lambda symbol: (symbol.address, symbol.name)))

    def address(self, name: str) -> int:
        """Address of a symbol, without the Thumb bit.

        Raises:
            UserError: the ELF has no such symbol.
        """
        for symbol in self.symbols:
            if symbol.name == name:
                return symbol.address
        raise UserError(f"{self.path}: no symbol '{name}'", "is it stripped, or another program?")

    def patched(self, changes: Mapping[int, bytes]) -> bytes:
        """The whole file with other bytes from these load addresses on.

        Bytes that fall between segments have no place in the file and are left out.
        """
        data = bytearray(self.path.read_bytes())
        for segment in self._file.iter_segments("PT_LOAD"):
            first, end = segment["p_paddr"], segment["p_paddr"] + segment["p_filesz"]
            for address, new in changes.items():
                low, high = max(first, address), min(end, address + len(new))
                if low < high:
                    start = segment["p_offset"] + low - first
                    data[start : start + high - low] = new[low - address : high - address]
        return bytes(data)

    @cached_property
    def _functions(self) -> list[Symbol]:
        return [symbol for symbol in self.symbols if symbol.function]

    def function_at(self, address: int) -> str:
        """Name of the function that holds `address`, or "" when none does."""
        index = bisect_right(self._functions, address & ~1, key=lambda symbol: symbol.address)
        if index == 0:
            return ""
        symbol = self._functions[index - 1]
        inside = (address & ~1) < symbol.address + max(symbol.size, 2)
        return symbol.name if inside else ""

    def line_at(self, address: int) -> str:
        """ "file.c:12" of an instruction, or "" without debug information for it."""
        address &= ~1
        if not self._file.has_dwarf_info():
            return ""
        dwarf = self._file.get_dwarf_info()
        for unit in dwarf.iter_CUs():
            program = dwarf.line_program_for_CU(unit)
            if program is None:
                continue
            before, dropped = None, False
            for entry in program.get_entries():
                state = entry.state
                if state is None:
                    continue
                if before and not dropped and before.address <= address < state.address:
                    names = program.header["file_entry"]
                    first = 0 if program.header["version"] >= 5 else 1
                    name: str = names[before.file - first].name.decode(errors="replace")
                    return f"{name}:{before.line}"
                # The linker leaves the lines of functions it dropped at address 0.
                dropped = (before is None and state.address == 0) or dropped
                before = None if state.end_sequence else state
                dropped = dropped and not state.end_sequence
        return ""

    def describe(self, address: int) -> str:
        """An address for people: "0x00000123 in softmax (network.c:40)", as far as is known."""
        function, line = self.function_at(address), self.line_at(address)
        text = f"{address:#010x}" + (f" in {function}" if function else "")
        return text + (f" ({line})" if line else "")
