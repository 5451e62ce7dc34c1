"""The layout of generated assembly: what the assembler reads stays the same."""

from __future__ import annotations

import subprocess
from pathlib import Path

from codegen.assembly import tidy

MESSY = """/* head
   * kept */
#include "x.h"
.syntax unified
  .thumb
// a block
// of two lines
f:
      mov r0, #1   //  one
// why
   add r0, r0, #2
      // inside


bx lr
#endif
"""


def assembled(text: str, folder: Path) -> bytes:
    """Machine code of `text`, without the preprocessor's lines."""
    source = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    (folder / "a.S").write_text(source + "\n")
    tool = ["arm-none-eabi-gcc", "-mcpu=cortex-m7", "-mthumb", "-c", "a.S", "-o", "a.o"]
    subprocess.run(tool, cwd=folder, check=True)
    copy = ["arm-none-eabi-objcopy", "-O", "binary", "-j", ".text", "a.o", "a.bin"]
    subprocess.run(copy, cwd=folder, check=True)
    return (folder / "a.bin").read_bytes()


def test_the_code_is_the_same(tmp_path: Path) -> None:
    assert assembled(tidy(MESSY), tmp_path) == assembled(MESSY, tmp_path) != b""


def test_twice_is_once() -> None:
    assert tidy(tidy(MESSY)) == tidy(MESSY)


def test_layout() -> None:
    lines = tidy(MESSY).splitlines()
    assert lines[:2] == ["/* head", "   * kept */"]
    assert "f:" in lines and "    bx lr" in lines
    assert lines[lines.index("    // inside") - 1] == ""
    trailing = next(line for line in lines if line.endswith("// one"))
    assert trailing.startswith("    mov r0, #1 ") and trailing.index("//") == 48
