"""llvm-mca's estimate of a trace, with every multiple as what it takes: "mca*".

llvm's model of the Cortex-M7 has an LDM, STM, PUSH or POP of any length in one cycle; measurements
say one for two registers (docs/performance.md). So each is written as that many LDRD or STRD first.
Other versions of LLVM have other models: figures are comparable within one version only.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from functools import cache

from device.bench.operands import listed

# The version that the bounds of the tests and docs/performance.md are for.
VERSION = 22
_TARGET = ("-mtriple=thumbv7em-none-eabihf", "-mcpu=cortex-m7")
_QUIET = ("-instruction-info=false", "-resource-pressure=false", "-iterations=1", "-")
_TOTAL = re.compile(r"^Total Cycles:\s+(\d+)$", re.MULTILINE)
_VERSION = re.compile(r"LLVM version (\d+(?:\.\d+)*)")
_CALL = re.compile(r"^blx?\b.*")
# The model lacks moves from and to FPSCR, comparisons with zero and those that signal: others of
# the same registers stand for them. Immediates of the FPU are written in another way.
_STATUS = (
    (re.compile(r"^vmrs apsr_nzcv, fpscr$", re.IGNORECASE), "cmp r0, #0"),
    (re.compile(r"^vmrs (\w+), fpscr$"), r"vmov \1, s0"),
    (re.compile(r"^vmsr fpscr, (\w+)$"), r"vmov s0, \1"),
    (re.compile(r"^vcmpe?\.f32 (s\d+), #.*$"), r"vcmp.f32 \1, \1"),
    (re.compile(r"^vcmpe\.f32 (s\d+), (s\d+)$"), r"vcmp.f32 \1, \2"),
    (re.compile(r"^vmov\.f32 (s\d+), #.*$"), r"vmov.f32 \1, #1.0"),
)


@cache
def version() -> str:
    """The version of the llvm-mca that is used: 22 where it is installed; empty without any."""
    tool = _tool()
    if tool is None:
        return ""
    told = subprocess.run([tool, "--version"], capture_output=True, text=True, check=False).stdout
    found = _VERSION.search(told)
    return found[1] if found else ""


def _tool() -> str | None:
    return shutil.which(f"llvm-mca-{VERSION}") or shutil.which("llvm-mca")


def cycles(trace: Sequence[str]) -> int | None:
    """Estimated cycles of the lines of `listing.straight`.

    None without llvm-mca, or where its model of the core lacks one of the instructions.
    """
    tool = _tool()
    if tool is None:
        return None
    lines = [line for text in trace for line in _taken(text)]
    source = "\n".join([".syntax unified", ".thumb", *lines, ""])
    done = subprocess.run(
        [tool, *_TARGET, *_QUIET], input=source, capture_output=True, text=True, check=False
    )
    found = _TOTAL.search(done.stdout)
    return int(found[1]) if found and done.returncode == 0 else None


@cache
def _taken(text: str) -> tuple[str, ...]:
    """An instruction as llvm-mca takes it in a row of others."""
    for pattern, other in _STATUS:
        text = pattern.sub(other, text)
    return tuple(_CALL.sub("b somewhere", line) for line in as_doubles(text))


@cache
def as_doubles(text: str) -> tuple[str, ...]:
    """A multiple of n registers as ceil(n / 2) doubles; every other instruction as it is."""
    several = listed(text)
    if several is None:
        return (text,)
    name, base, values, moves = several
    if values[0][0] in "sd" and values[0] != "sp":
        return _floating(name, base[0], values, moves=moves)
    stores = "st" in name or "push" in name
    operation = "strd" if stores else "ldrd"
    # A return loads the program counter: LDRD cannot name it.
    core = ["lr" if value == "pc" else value for value in values]
    if len(core) % 2:
        core.append(next(r for r in ("lr", "r0", "r1") if r not in (core[-1], *base)))
    pairs = list(zip(core[0::2], core[1::2], strict=True))
    lines = [f"{operation} {a}, {b}, [{base[0]}, #{8 * i}]" for i, (a, b) in enumerate(pairs)]
    if moves and base[0] not in pairs[-1]:
        a, b = pairs[-1]
        lines[-1] = f"{operation} {a}, {b}, [{base[0]}], #8"
    return (*lines, "b somewhere") if "pc" in values else tuple(lines)


def _floating(name: str, base: str, values: tuple[str, ...], *, moves: bool) -> tuple[str, ...]:
    """Two singles or one double a cycle; the last one moves the base on."""
    width = 2 if values[0][0] == "s" else 1
    groups = [values[at : at + width] for at in range(0, len(values), width)]
    stores = "st" in name or "push" in name
    lines = []
    for group in groups[:-1]:
        number = int(group[0][1:])
        double = f"d{number // 2 if width == 2 else number}"
        lines.append(f"{'vstr' if stores else 'vldr'} {double}, [{base}]")
    last = ", ".join(groups[-1])
    after = "!" if moves else ""
    lines.append(f"{'vstmia' if stores else 'vldmia'} {base}{after}, {{{last}}}")
    return tuple(lines)
