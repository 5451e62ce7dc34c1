"""How many bytes the code of an inference may take: known before it is compiled, because placement
comes before linking.

`code_sizes.json` has what a compiler makes of each kernel for a core, whole; `scons code-sizes`
measures it, and the linker checks every firmware against what was reserved by it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.build_files import read_build_file

IDENTITY = ("core", "fpu", "float_abi")
# Of the function that calls all kernels and the layers' descriptions: once, and of each step.
# Measured: 86 to 120 bytes a step, without what `validate` observes.
FRAME_BYTES, STEP_BYTES = 160, 192
# memcpy as newlib has it for Cortex-M7; layers in one pass over rows call it.
MEMCPY_BYTES = 308
# What kernels call of <string.h>, with veneers: it, memmove and memset of
# firmware/cortex_m/memory.c.
STRING_BYTES = MEMCPY_BYTES + 76
# What is likely instead, and what every network brings: nn_runtime.c, nn_inference.c, ai_platform.c
# and the C library's memset and memmove, as they are linked for Cortex-M7 and M3.
LIKELY_STEP_BYTES, RUNTIME_BYTES = 104, 2500
# The linker aligns objects, and the whole to a word of the flash.
ALIGNMENT_BYTES = 64
# Where nobody has measured: what was reserved before anybody did, or half as much again as with the
# costliest compiler and core that are known.
UNKNOWN_BYTES = 12 << 10


@dataclass(frozen=True)
class Reserved:
    """Room for the code of an inference.

    Attributes:
        bytes: how much.
        measured: the table knows core and compiler, so that the linker can insist on it.
    """

    bytes: int
    measured: bool


def describe(stems: Iterable[str], steps: int, assembly_bytes: int) -> dict[str, Any]:
    """What a manifest says of the network's code: stems of its kernels, steps, and the most bytes
    that its own assembly can take."""
    return {"stems": sorted(stems), "steps": steps, "assembly_bytes": assembly_bytes}


def reserve(
    table: Path, code: dict[str, Any], cpu: dict[str, Any], compiler: int | None
) -> Reserved:
    """Room for a network's code.

    Args:
        table: code_sizes.json.
        code: as `describe` has it.
        cpu: of the board's memories.json.
        compiler: major version; None: not known.
    """
    rows: list[dict[str, Any]] = read_build_file(table, "code_sizes")
    found = [
        row
        for row in rows
        if row["compiler"] == compiler and all(row[key] == cpu.get(key) for key in IDENTITY)
    ]
    sizes = [STRING_BYTES + _bytes(code, row, STEP_BYTES) for row in found or rows]
    most = max(sizes, default=0)
    if found:
        return Reserved(most, measured=True)
    return Reserved(max(UNKNOWN_BYTES, most + most // 2), measured=False)


def _bytes(code: dict[str, Any], row: dict[str, Any], step: int) -> int:
    """Bytes by one row of the table, with so many for a step."""
    kernels = sum(row["kernels"].get(stem, 0) for stem in code["stems"])
    own = FRAME_BYTES + int(code["steps"]) * step + int(code["assembly_bytes"])
    return int(kernels + row["libgcc"] + own + ALIGNMENT_BYTES)


def likely(table: Path, code: dict[str, Any], core: str, fpu: bool) -> int:
    """About how many bytes a network's code takes, for a core and the newest compiler measured for
    it; by the costliest core where nobody has measured.

    Args:
        table: code_sizes.json.
        code: as `describe` has it.
        core: GCC's name.
        fpu: whether it has one.
    """
    rows: list[dict[str, Any]] = read_build_file(table, "code_sizes")
    found = _newest([row for row in rows if (row["core"], row["fpu"] != "none") == (core, fpu)])
    brought = RUNTIME_BYTES + (MEMCPY_BYTES if "rows" in code["stems"] else 0)
    return brought + max(_bytes(code, row, LIKELY_STEP_BYTES) for row in found or rows)


def newest(table: Path, cpu: dict[str, Any]) -> int | None:
    """The newest compiler that a core is measured for, by its major version; None: none is.

    Args:
        cpu: of the board's memories.json.
    """
    rows = read_build_file(table, "code_sizes")
    found = _newest([row for row in rows if all(row[key] == cpu.get(key) for key in IDENTITY)])
    return int(found[0]["compiler"]) if found else None


def _newest(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those of the newest compiler among them."""
    last = max((row["compiler"] for row in rows), default=0)
    return [row for row in rows if row["compiler"] == last]
