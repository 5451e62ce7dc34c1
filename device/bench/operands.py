"""What an instruction needs and makes, and when: the words of the dual-issue model.

An Arm instruction's operands are read at different stages. A shifted or extracted operand and an
address are needed a cycle early, a multiplier's a cycle earlier than its accumulator, everything
else late (docs/performance.md has the sources).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

_REGISTER = re.compile(r"\b([rsd])(\d+)\s*-\s*[rsd](\d+)|\b(r\d+|lr|sp|pc|s\d+|d\d+)\b")
_MULTIPLE = re.compile(r"^(?:v?(?:ldm|stm)(?:ia|db|ea|fd)?|v?(?:push|pop))$")
_MULTIPLY = re.compile(r"^(?:sm[lmu]|um[lua]|mul|ml[as])")
_EXTRACT = re.compile(r"^(?:[su]xta?[bh]|pkh|[su]bfx|bf[ic]|rev|rbit)")
_LANES = re.compile(
    r"^(?:[su]?[qh]?(?:add|sub)(?:8|16)|[us]?[qh]?(?:asx|sax)|[us]sat|sel|usad|clz|q(?:add|sub)"
    r"|(?:uq|uh|sh)(?:add|sub))"
)
_SHIFTED = re.compile(r"\b(?:lsl|lsr|asr|ror)\b")
_BRANCH = re.compile(
    r"^(?:b|bl|bx|blx|cbz|cbnz)(?:eq|ne|cs|hs|cc|lo|mi|pl|vs|vc|hi|ls|ge|lt|gt|le)?$"
)
_COMPARE = ("cmp", "cmn", "tst", "teq")
_SETS_FLAGS = re.compile(r"^(?:add|sub|and|orr|eor|mov|mvn|lsl|lsr|asr|rsb|bic|mul)s$")
FLAGS = "flags"


@dataclass(frozen=True)
class Instruction:
    """One instruction, as far as its time goes.

    Attributes:
        kind: "multiple" (LDM, LDRD and the like), "load", "small load" (bytes, halfwords), "store",
            "branch", "move pair" (VMOV of two), "move" (VMOV), "float", "multiply", "extract",
            "lanes", "shifted" (an operand shifted), "shift", "add", "other".
        writes: registers that it makes; `moved`: base registers that it moves on.
        late, early, address, sums: registers that it reads, by the stage that needs them.
        words: of a multiple, pairs of registers.
        floats: whether it loads into the FPU.
    """

    kind: str
    writes: tuple[str, ...] = ()
    late: tuple[str, ...] = ()
    early: tuple[str, ...] = ()
    address: tuple[str, ...] = ()
    sums: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()
    words: int = 1
    floats: bool = False


def registers(text: str) -> tuple[str, ...]:
    """The registers that a piece of text names, ranges written out."""
    found: list[str] = []
    for kind, first, last, one in _REGISTER.findall(text):
        found += [one] if one else [f"{kind}{n}" for n in range(int(first), int(last) + 1)]
    return tuple(found)


def listed(text: str) -> tuple[str, tuple[str, ...], tuple[str, ...], bool] | None:
    """Of an LDM, STM, PUSH, POP or a VFP one: name, base, registers, whether the base moves on.

    None for every other instruction.
    """
    name, _, operands = text.partition(" ")
    if not _MULTIPLE.match(name):
        return None
    before, _, inside = operands.partition("{")
    base = registers(before) or ("sp",)
    return name, base, registers(inside), "!" in before or not before.strip()


@cache
def instruction(text: str) -> Instruction:
    """What `text`, one line of `listing.straight`, needs and makes."""
    several = listed(text)
    if several is not None:
        name, base, values, moves = several
        reads = "st" in name or "push" in name
        return Instruction(
            "multiple",
            writes=() if reads else values,
            late=values if reads else (),
            address=base,
            moved=base if moves else (),
            words=(len(values) + 1) // 2,
        )
    name, _, operands = text.partition(" ")
    if "[" in operands and name.startswith(("ldr", "str", "vldr", "vstr")):
        return _access(name, operands)
    named = registers(operands)
    if _BRANCH.match(name):
        conditional = len(name) == 3 and name not in ("blx",)
        flags = (FLAGS,) if conditional and not name.startswith("cb") else ()
        return Instruction("branch", late=(*named, *flags))
    if name.startswith("v"):
        return _floating(name, named)
    if name in ("nop", "it"):
        return Instruction("other")
    return _arithmetic(name, operands, named)


def _access(name: str, operands: str) -> Instruction:
    value, _, place = operands.partition("[")
    values, places = registers(value), registers(place)
    moved = places[:1] if re.search(r"\]!|\],", place) else ()
    if name.startswith(("ldrd", "strd")):
        loads = name.startswith("l")
        writes, reads = (values, ()) if loads else ((), values)
        return Instruction("multiple", writes, reads, address=places, moved=moved)
    if name.startswith(("str", "vstr")):
        return Instruction("store", address=places, sums=values, moved=moved)
    small = re.match(r"ldrs?[bh]", name)
    kind = "small load" if small else "load"
    return Instruction(kind, values, address=places, moved=moved, floats=name.startswith("v"))


def _floating(name: str, named: tuple[str, ...]) -> Instruction:
    if name.startswith("vmov"):
        if len(named) == 4:
            return Instruction("move pair", named[:2], named[2:])
        return Instruction("move", named[:1], named[1:])
    reads = named[1:] or named
    if name.startswith(("vmla", "vmls", "vfma", "vfms")):
        reads = named
    return Instruction("float", named[:1], reads)


def _arithmetic(name: str, operands: str, named: tuple[str, ...]) -> Instruction:
    made, rest = named[:1], named[1:]
    if _MULTIPLY.match(name):
        if re.match(r"^(?:[su]mlal|umaal)", name):
            return Instruction("multiply", named[:2], named[2:], sums=named[:2])
        if re.match(r"^[su]mull", name):
            return Instruction("multiply", named[:2], named[2:])
        return Instruction("multiply", made, rest[:2] or named, sums=rest[2:])
    if name in _COMPARE:
        return Instruction("other", (FLAGS,), named)
    if _EXTRACT.match(name):
        return _extraction(name, made, rest)
    if _LANES.match(name):
        saturates = name in ("ssat", "usat")
        return Instruction(
            "lanes", made, () if saturates else rest, early=rest if saturates else ()
        )
    flags = (FLAGS,) if _SETS_FLAGS.match(name) else ()
    # Two operands: the first one is read, too.
    both = operands.count(",") < 2 and not name.startswith(("mov", "mvn"))
    reads = (*made, *rest) if both or name.startswith("movt") else rest
    if name.startswith(("lsl", "lsr", "asr", "ror")):
        return Instruction("shift", (*made, *flags), reads)
    if rest and _SHIFTED.search(operands):
        return Instruction("shifted", (*made, *flags), rest[:-1], early=rest[-1:])
    if name.startswith(("add", "sub", "mov")) and name != "movt":
        return Instruction("add", (*made, *flags), reads)
    return Instruction("other", (*made, *flags), reads)


def _extraction(name: str, made: tuple[str, ...], rest: tuple[str, ...]) -> Instruction:
    if re.match(r"^(?:[su]xta|pkhbt|pkhtb)", name):
        early = rest if name == "pkhtb" else rest[1:]
        late = () if name == "pkhtb" else rest[:1]
        return Instruction("extract", made, late, early=early)
    if name.startswith("bfi"):
        return Instruction("extract", made, made, early=rest)
    if name.startswith("bfc"):
        return Instruction("extract", made, made)
    return Instruction("extract", made, early=rest)
