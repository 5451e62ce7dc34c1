"""`identity`: a hash of all that a firmware is linked from, for the firmware to tell."""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path
from typing import Any

from support.files import sha256_file, write_json


def register(commands: Any) -> None:
    """Add the parser of `identity`."""
    parser = commands.add_parser("identity", help="hash what a firmware is linked from")
    parser.add_argument("--out", type=Path, required=True, help="build.json to write")
    parser.add_argument("parts", type=Path, nargs="+", help="objects, libraries, linker script")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    """Hash the parts in the order they are linked in; their names say where they lie, not what."""
    digest = hashlib.sha256()
    for part in arguments.parts:
        digest.update(bytes.fromhex(sha256_file(part)))
    write_json(arguments.out, {"sha256": digest.hexdigest()})
