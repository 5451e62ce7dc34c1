"""Cycles by llvm-mca: an estimate from a model of the core's pipelines, for what really executed.

The trace of one inference goes to llvm-mca as one piece of straight code. The model takes an LDM
for one access and knows no caches, wait states or branch misses: only its ratios mean much.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import numpy.typing as npt

from device.bench.counter import Machine

_TRIPLE, _CORE = "triple=thumbv7em-none-eabihf", "mcpu=cortex-m7"
_LINE = re.compile(r"^\s*([0-9a-f]+):\s+(\S.*)$", re.MULTILINE)
_PLACE = re.compile(r"(0x[0-9a-f]+|#-?\d+) <[^>]*>")
_CALL = re.compile(r"^blx?\b.*")
_IT = re.compile(r"^it([te]*)\b")
_CONDITION = re.compile(r"^([a-z0-9]+?)(eq|ne|hs|lo|mi|pl|vs|vc|hi|ls|ge|lt|gt|le)\b")
_TOTAL = re.compile(r"^Total Cycles:\s+(\d+)$", re.MULTILINE)


def installed() -> bool:
    """Whether this computer has llvm-mca and what it needs."""
    return all(shutil.which(tool) for tool in ("llvm-mca", "llvm-objdump"))


def cycles(machine: Machine, function: str, value: npt.NDArray[np.int8]) -> int | None:
    """Estimated cycles of `function(input, output)` for int8 [n].

    None without llvm, or where its model of the core lacks one of the instructions.
    """
    if not installed():
        return None
    text = _instructions(machine.elf)
    trace = _straight([text[address] for address in machine.trace(function, value)])
    source = "\n".join([".syntax unified", ".thumb", *trace, ""])
    words = ["llvm-mca", f"-m{_TRIPLE}", f"-{_CORE}", "-iterations=1", "-"]
    done = subprocess.run(words, input=source, capture_output=True, text=True, check=False)
    found = _TOTAL.search(done.stdout)
    return int(found[1]) if found else None


def _instructions(elf: Path) -> dict[int, str]:
    """Each instruction of an ELF as llvm writes it, places of branches left open, by address."""
    options = ("-d", "--no-show-raw-insn", f"--{_TRIPLE}", f"--{_CORE}")
    words = ["llvm-objdump", *options, str(elf)]
    told = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    return {
        int(address, 16): _PLACE.sub("somewhere", text.split("@")[0].strip())
        for address, text in _LINE.findall(told)
    }


def _straight(trace: list[str]) -> list[str]:
    """The trace without what llvm-mca cannot take in a row: IT and its conditions, calls."""
    straight, conditional = [], 0
    for text in trace:
        block = _IT.match(text)
        if block:
            straight.append("nop")
            conditional = 1 + len(block[1])
            continue
        plain = _CONDITION.sub(r"\1", text) if conditional else text
        conditional = max(0, conditional - 1)
        straight.append(_CALL.sub("b somewhere", plain))
    return straight
