"""`link`: run the linker, and say what to do when a memory is too small."""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from typing import Any

from support.errors import UserError

# As GNU ld says it.
_OVERFLOW = re.compile(r"region [`'](\w+)' overflowed by (\d+) bytes")
# As templates/board/firmware.ld.j2 has GNU ld say it.
_MORE_CODE = "kernels take more than"


def register(commands: Any) -> None:
    """Add the parser of `link`."""
    parser = commands.add_parser("link", help="link, and explain what does not fit")
    parser.add_argument("words", nargs=argparse.REMAINDER, help="-- and the linker's command line")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    words = arguments.words[arguments.words[:1] == ["--"] :]
    done = subprocess.run(words, stderr=subprocess.PIPE, text=True, errors="replace", check=False)
    sys.stderr.write(done.stderr)
    if found := _OVERFLOW.findall(done.stderr):
        what = ", ".join(f"{name.lower()} by {int(size):,} bytes" for name, size in found)
        raise UserError(
            f"the firmware does not fit its memories: too small is {what}",
            "move something out of there with placement=OBJECT:MEMORY (memory.txt of the last build"
            " says what lies where), make subset_size= smaller, or take a smaller network",
        )
    if _MORE_CODE in done.stderr:
        raise UserError(
            "the kernels take more bytes than placement reserved for this core and compiler",
            "run `scons code-sizes` with the variables of this build, then build again",
        )
    return done.returncode
