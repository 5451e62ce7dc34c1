"""The runtime library: which processor it was compiled for, and what it defines.

A System V `ar` archive is a list of headers of 60 bytes, each followed by a member, padded to an
even length; the first member `/` is the table of symbols (System V ABI, "Archive File").
"""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from elftools.common.exceptions import ELFError
from elftools.construct import ConstructError
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import ARMAttributesSection

from codegen.xcube.versions import Version, from_library
from support.errors import UserError

NAME = re.compile(
    r"(?:lib)?NetworkRuntime(?P<digits>\d+)_(?P<core>[A-Za-z0-9]+)_(?P<compiler>[A-Za-z]+)(?P<rest>.*)\.(a|lib)"
)
_MAGIC = b"!<arch>\n"
_HEADER = 60
# What pyelftools raises on bytes that are no ELF file, or only part of one.
_BROKEN = (ELFError, ConstructError, ValueError, LookupError, AssertionError, TypeError)
# Tag_CPU_arch, "Addenda to the ABI for the Arm Architecture", build attributes.
_V7E_M = 13
_ARCHITECTURES = {
    11: "Cortex-M0",
    12: "Cortex-M0+",
    10: "Cortex-M3",
    16: "Cortex-M23",
    17: "Cortex-M33",
}
# Tag_FP_arch: VFPv4 is what a Cortex-M4 has; the Cortex-M7's is FPv5, coded as Armv8's.
_CORTEX_M4_FP = (5, 6)
# Functions of this project's own runtime (firmware/runtime), in either interface.
_OPEN_RUNTIME = frozenset({"nn_create", "nn_stai_init"})


@dataclass(frozen=True)
class Library:
    """A static library as its file and its name tell.

    Attributes:
        version: X-CUBE-AI's number, from the name; None when the name has none.
        core: the processor in the name, such as CM7.
        compiler: GCC, IAR or Keil, from the name.
        plain: no suffix after the compiler, such as for position-independent code.
    """

    path: Path
    version: Version | None
    core: str
    compiler: str
    plain: bool


def named(path: Path) -> Library | None:
    """What the name says; None when it is not a runtime library's name."""
    match = NAME.fullmatch(path.name)
    if not match:
        return None
    return Library(
        path,
        from_library(match["digits"]),
        match["core"].upper(),
        match["compiler"].upper(),
        not match["rest"],
    )


def members(path: Path) -> Iterator[tuple[str, bytes]]:
    """(name, contents) of each member; names longer than 15 characters stay references.

    The whole archive is looked at before the first member comes: a download that was cut off is
    told of here, not by a linker.

    Raises:
        UserError: not an archive, or cut off.
    """
    data = path.read_bytes()
    if not data.startswith(_MAGIC):
        raise UserError(f"{path}: not a static library", "take the library from ST's package again")
    at = len(_MAGIC)
    found = []
    while at < len(data):
        header = data[at : at + _HEADER]
        size_text = header[48:58].strip()
        if len(header) == _HEADER and (header[58:] != b"`\n" or not size_text.isdigit()):
            raise UserError(f"{path}: damaged static library", "take it from ST's package again")
        start = at + _HEADER
        size = int(size_text) if len(header) == _HEADER else 0
        if start + size > len(data):
            raise UserError(
                f"{path}: the static library is cut off", "take it from ST's package again"
            )
        found.append((header[:16].decode("latin-1").rstrip(), start, start + size))
        at = start + size + size % 2
    for name, start, end in found:
        yield name, data[start:end]


def symbols(path: Path) -> frozenset[str]:
    """Global symbols that the library defines, from its own table; empty when it has none."""
    for name, content in members(path):
        if name == "/" and len(content) >= 4:
            (count,) = struct.unpack(">I", content[:4])
            table = content[4 + 4 * count :]
            return frozenset(part.decode("latin-1") for part in table.split(b"\0")[:count])
        break
    return frozenset()


def is_open(path: Path) -> bool:
    """Whether the library is built from this project's own runtime rather than ST's."""
    return not _OPEN_RUNTIME.isdisjoint(symbols(path))


def check_machine(path: Path) -> str:
    """Check that the code is for a Cortex-M7 with floating-point arguments in registers.

    Returns:
        What it is, in words.

    Raises:
        UserError: another processor or calling convention.
    """
    for _, content in members(path):
        if not content.startswith(b"\x7fELF"):
            continue
        machine, attributes = _machine(path, content)
        if machine != "EM_ARM":
            raise UserError(f"{path}: is for {machine}, not for an Arm Cortex-M7", _REMEDY)
        architecture = attributes.get("TAG_CPU_ARCH")
        if architecture is None:
            continue
        if architecture != _V7E_M:
            other = _ARCHITECTURES.get(architecture, f"architecture {architecture}")
            raise UserError(f"{path}: is for {other}, this board has a Cortex-M7", _REMEDY)
        if attributes.get("TAG_FP_ARCH") in _CORTEX_M4_FP:
            raise UserError(f"{path}: is for Cortex-M4, this board has a Cortex-M7", _REMEDY)
        if attributes.get("TAG_ABI_VFP_ARGS") != 1:
            raise UserError(f"{path}: passes floats in core registers (soft ABI)", _REMEDY)
        return "Cortex-M7, hard float"
    raise UserError(f"{path}: holds no object files", "take it from ST's package again")


_REMEDY = "generate again for CPU/Series ARM Cortex-M7 (stm32h7) and take that library"


def _machine(path: Path, content: bytes) -> tuple[str, dict[str, int]]:
    """e_machine and the file's build attributes."""
    try:
        elf = ELFFile(io.BytesIO(content))
        attributes: dict[str, int] = {}
        for section in elf.iter_sections():
            if isinstance(section, ARMAttributesSection):
                for part in section.iter_subsections():
                    for block in part.iter_subsubsections():
                        attributes |= {a.tag: a.value for a in block.iter_attributes()}
        return str(elf["e_machine"]), attributes
    except _BROKEN as error:
        raise UserError(f"{path}: an object in it is damaged ({error})", "take it again") from None
