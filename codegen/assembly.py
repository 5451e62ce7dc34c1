"""One layout for generated GNU assembly, as clang-format gives it to C: it is what users debug."""

from __future__ import annotations

import re

# Bytes of an instruction in Thumb-2, and what may align a function.
LONGEST, ALIGNED = 4, 4
INDENT, COMMENT_COLUMN = "    ", 48
_LABEL = re.compile(r"[.\w]+:$")
_TRAILING = re.compile(r"^(?P<code>[^/]*\S)\s*//\s*(?P<comment>.*)$")


def tidy(text: str) -> str:
    """Indent instructions and directives, align comments, and set blocks apart.

    A comment on lines of its own opens a block: one empty line goes before it, all others go. Block
    comments (/* … */) and the preprocessor's lines stay as they are.
    """
    lines: list[str] = []
    inside = False
    for line in text.splitlines():
        bare = line.strip()
        if inside or bare.startswith("/*"):
            inside = not bare.endswith("*/")
            lines.append(line.rstrip())
        elif bare:
            lines += _laid_out(line, bare, lines)
    return "\n".join(lines) + "\n"


def _laid_out(line: str, bare: str, before: list[str]) -> list[str]:
    """The line as it shall be, with what separates it from the lines before."""
    if bare.startswith("//"):
        opens = bool(before) and not before[-1].lstrip().startswith("//")
        own = bare if not line.startswith(" ") else INDENT + bare
        return [*([""] if opens and not _LABEL.match(before[-1]) else []), own]
    if bare.startswith("#"):
        return ["", bare] if before and not before[-1].startswith("#") else [bare]
    if _LABEL.match(bare):
        return [bare]
    trailing = _TRAILING.match(bare)
    if trailing is None:
        return [INDENT + bare]
    code = f"{INDENT}{trailing['code']}"
    return [f"{code:<{COMMENT_COLUMN}}// {trailing['comment']}"]


def most_bytes(text: str) -> int:
    """The most bytes that the assembler makes of a text as `tidy` gives it: instructions, each of
    the longest kind, and the alignment of functions."""
    lines = [line.strip() for line in text.splitlines() if line.startswith(INDENT)]
    instructions = [line for line in lines if line[0] not in "./"]
    functions = [line for line in lines if line.startswith(".balign")]
    return LONGEST * len(instructions) + ALIGNED * len(functions)
