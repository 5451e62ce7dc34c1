"""`python -m device COMMAND`: boards, ELF files, simulation, flashing, debugging."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module

# Command -> module of device.commands. Only the chosen one is loaded.
_COMMANDS = {
    "memories": "memories",
    "identity": "identity",
    "images": "images",
    "link": "link",
    "seal": "seal",
    "size": "size",
    "code-sizes": "code_sizes",
    "sim": "sim",
    "flash": "probe",
    "erase": "probe",
    "reset": "probe",
    "gdbserver": "debug",
    "debug": "debug",
    "debugging": "debugging",
    "monitor": "monitor",
    "validate": "validate",
    "bench": "bench",
    "profile": "profile",
    "demo": "demo",
    "cloud-login": "cloud_login",
    "cloud-logout": "cloud_login",
    "cloud-generate": "cloud_generate",
    "cloud-benchmark": "cloud_benchmark",
}


def main() -> int | None:
    """Parse the command line and run the command; its status, or None for success."""
    parser = argparse.ArgumentParser(prog="python -m device", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    chosen = _COMMANDS.get(sys.argv[1]) if len(sys.argv) > 1 else None
    for name in [chosen] if chosen else dict.fromkeys(_COMMANDS.values()):
        import_module(f"{__package__}.commands.{name}").register(commands)
    arguments = parser.parse_args()
    status: int | None = arguments.run(arguments)
    return status
