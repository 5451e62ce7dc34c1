"""Tell what is installed of what can be used, what is missing, and the line that installs it."""

from __future__ import annotations

import argparse
import json
import platform
import sys
from dataclasses import asdict

from nn2flash.doctor import Part, examine


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `doctor`."""
    parser.add_argument("--json", action="store_true", help="a list of objects")


def run(arguments: argparse.Namespace) -> int:
    """Print it; 0, or 1 where something is missing that analyze, generate and package need."""
    parts = examine()
    if arguments.json:
        print(json.dumps([asdict(part) for part in parts], indent=2))
    else:
        print(f"Python {platform.python_version()}, {sys.executable}")
        print("\n".join(map(_told, parts)))
    return int(any(part.needed and not part.found for part in parts))


def _told(part: Part) -> str:
    state = part.found or ("MISSING" if part.needed else "not installed")
    line = f"{part.name:<18}{state:<30}  {part.serves}"
    return line if part.found else f"{line}\n{'':<18}{part.remedy}"
