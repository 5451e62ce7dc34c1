"""The command line of this room: each command reads files and writes files."""

from __future__ import annotations

import argparse
import importlib

COMMANDS = ("generate", "inputs", "subset", "reference", "place", "render")


def build_parser() -> argparse.ArgumentParser:
    """The parser with all commands; each command module adds its own arguments."""
    parser = argparse.ArgumentParser(
        prog="python -m codegen",
        description="From a QDQ int8 ONNX file to C for a microcontroller.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in COMMANDS:
        module = importlib.import_module(f"codegen.commands.{name}")
        text = (module.__doc__ or "").strip().splitlines()[0]
        sub = commands.add_parser(name, help=text, description=text)
        module.add_arguments(sub)
        sub.set_defaults(run=module.run)
    return parser


def main() -> int | None:
    """Parse the command line and run the command."""
    arguments = build_parser().parse_args()
    status: int | None = arguments.run(arguments)
    return status
