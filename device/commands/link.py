"""`link`: run the linker, and say what to do when a memory is too small."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import Any

from support.build_files import read_build_file
from support.errors import UserError

# As GNU ld says it.
_OVERFLOW = re.compile(r"region [`'](\w+)' overflowed by (\d+) bytes")


def register(commands: Any) -> None:
    """Add the parser of `link`."""
    parser = commands.add_parser("link", help="link, and explain what does not fit")
    parser.add_argument("--placement", type=Path, help="placement.json: what the linker checks")
    parser.add_argument("words", nargs=argparse.REMAINDER, help="-- and the linker's command line")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    from device.compiler import run_compiler

    done = run_compiler(arguments.words[arguments.words[:1] == ["--"] :])
    sys.stderr.write(done.stderr)
    if found := _OVERFLOW.findall(done.stderr):
        what = ", ".join(f"{name.lower()} by {int(size):,} bytes" for name, size in found)
        raise UserError(
            f"the firmware does not fit its memories: too small is {what}",
            "move something out of there with placement=OBJECT:MEMORY (memory.txt of the last build"
            " says what lies where), make subset_size= smaller, or take a smaller network",
        )
    if done.returncode != 0 and arguments.placement:
        for check in read_build_file(arguments.placement, "placement").get("checks", ()):
            if check["told"] in done.stderr:
                raise UserError(check["told"], check["remedy"])
    return done.returncode
