"""`python -m target COMMAND`: boards, ELF files, simulation, flashing, debugging."""

from __future__ import annotations

import argparse

from support.errors import run_cli
from target.commands import images, memories, sim, size

_COMMANDS = (memories, images, size, sim)


def main() -> int | None:
    """Parse the command line and run the command; its status, or None for success."""
    parser = argparse.ArgumentParser(prog="python -m target", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for module in _COMMANDS:
        module.register(commands)
    arguments = parser.parse_args()
    status: int | None = arguments.run(arguments)
    return status


if __name__ == "__main__":
    run_cli("target", main)
