"""Bytes of code that kernels can take, from objects that were linked with nothing thrown away."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile

from device.compiler import run_compiler
from support.errors import UserError

# What templates/board/firmware.ld.j2 puts among the kernels of an object of theirs.
_PLACED = (".text", ".rodata")
_PREFIX = "nn_"
# A contribution of libgcc to the text, as GNU ld's map has it; a long name has a line of its own.
_LIBGCC = re.compile(
    r"^ \.text\S*\s+0x[0-9a-f]+\s+0x(?P<size>[0-9a-f]+)\s+\S*libgcc\.a\(", re.MULTILINE
)
# The linker may put so much in front of an input section.
_ALIGNMENT = 4


def kernel_bytes(path: Path) -> int:
    """Bytes of an object's code and constants, with what aligns them."""
    with path.open("rb") as stream:
        return sum(
            -(-int(section["sh_size"]) // _ALIGNMENT) * _ALIGNMENT
            for section in ELFFile(stream).iter_sections()
            if section["sh_flags"] & SH_FLAGS.SHF_ALLOC and section.name.startswith(_PLACED)
        )


def libgcc_bytes(compiler: str, machine: Sequence[str], objects: Sequence[Path]) -> int:
    """Bytes of the routines that the compiler calls by itself, of everything that may be linked.

    Raises:
        UserError: the compiler is not there, or the linker failed.
    """
    with tempfile.TemporaryDirectory(prefix="nn2flash-") as folder:
        link_map = Path(folder, "whole.map")
        words = [compiler, *machine, "-nostartfiles", "--specs=nano.specs", "-Wl,-e,0"]
        words += ["-Wl,--unresolved-symbols=ignore-all", "-Xlinker", f"-Map={link_map}"]
        words += [*map(str, objects), "-lm", "-o", str(Path(folder, "whole.elf"))]
        done = run_compiler(words, captured=True)
        if done.returncode != 0:
            raise UserError(f"{compiler}: {done.stderr.strip()}", "build the firmware first")
        text = link_map.read_text(encoding="utf-8", errors="replace")
    return sum(int(match["size"], 16) for match in _LIBGCC.finditer(text))


def measure(
    compiler: str, machine: Sequence[str], kernels: Sequence[Path], others: Sequence[Path]
) -> dict[str, Any]:
    """A row of the table: `libgcc`, and bytes by the name of each kernel's C file.

    Args:
        machine: options that choose the core.
        kernels: objects of firmware/runtime/kernels.
        others: further objects of a firmware, which may call libgcc, too.
    """
    sizes = {path.stem.removeprefix(_PREFIX): kernel_bytes(path) for path in kernels}
    return {
        "libgcc": libgcc_bytes(compiler, machine, [*kernels, *others]),
        "kernels": dict(sorted(sizes.items())),
    }
