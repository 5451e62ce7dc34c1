"""What a trace executed, as text: the instructions of an ELF, and a trace as one straight run."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

from support.errors import UserError

_LINE = re.compile(r"^[ \t]*([0-9a-f]+):[ \t]+([a-z]\S*)(?:[ \t]+([^@;\n]*[^@;\s]))?", re.MULTILINE)
_BRANCH = re.compile(r"^(?:b|bl|blx|bx)(?:eq|ne|cs|hs|cc|lo|mi|pl|vs|vc|hi|ls|ge|lt|gt|le)?$")
_IT = re.compile(r"^it([te]*)\b")
_CONDITION = re.compile(r"^([a-z0-9]+?)(?:eq|ne|cs|hs|cc|lo|mi|pl|vs|vc|hi|ls|ge|lt|gt|le)\b")
# Names that some disassemblers have for registers.
_ALIASES = {"sb": "r9", "sl": "r10", "fp": "r11", "ip": "r12"}
_ALIAS = re.compile(r"\b(sb|sl|fp|ip)\b")
SOMEWHERE = "somewhere"


def instructions(elf: Path) -> dict[int, str]:
    """Each instruction of an ELF in unified syntax, places of branches left open, by address.

    IT is NOP, and what it makes conditional is not: any piece of a trace is a straight run.

    Raises:
        UserError: there is no disassembler for Arm.
    """
    made = elf.stat()
    return _listed(elf, made.st_mtime_ns, made.st_size)


@lru_cache(maxsize=4)
def _listed(elf: Path, _made: int, _size: int) -> dict[int, str]:
    """The same, remembered while the file stays as it is."""
    tool = shutil.which("arm-none-eabi-objdump")
    if tool is None:
        raise UserError("arm-none-eabi-objdump not found", "run ./bootstrap scons bench")
    words = [tool, "-d", "-z", "--no-show-raw-insn", str(elf)]
    told = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    found, conditional = {}, 0
    for at, name, rest in _LINE.findall(told):
        line = _plain(name, rest or "")
        if block := _IT.match(line):
            line, conditional = "nop", 1 + len(block[1])
        elif conditional:
            line, conditional = _CONDITION.sub(r"\1", line, count=1), conditional - 1
        found[int(at, 16)] = line
    return found


def _plain(name: str, operands: str) -> str:
    bare = name.removesuffix(".w").removesuffix(".n")
    if bare.startswith(("cbz", "cbnz")):
        operands = f"{operands.partition(',')[0]}, {SOMEWHERE}"
    elif _BRANCH.match(bare) and "<" in operands:
        operands = SOMEWHERE
    operands = _ALIAS.sub(lambda found: _ALIASES[found[1]], operands)
    return f"{bare} {operands}".rstrip()


def straight(text: Mapping[int, str], trace: Iterable[int]) -> list[str]:
    """The instructions of a trace in a row.

    Args:
        text: of `instructions`.
        trace: addresses in the order of execution.
    """
    return [text[address] for address in trace]
