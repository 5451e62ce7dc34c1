"""The command line: a verb is a module of `commands`, and only the chosen one is loaded."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence

from codegen import version
from support.errors import UserError
from support.places import ROOT

COMMANDS = {
    "analyze": "tell what a network needs and costs, and whether it fits a board",
    "quantize": "make an int8 network of a float one, by inputs for it",
    "generate": "write a network's C sources, report and manifest",
    "package": "write a network as a library for CMake, Make, PlatformIO, Zephyr, SCons",
    "new": "begin a project of your own from an example",
    "operators": "list what is read, and what computes it",
    "boards": "list the boards that there are, with their memories",
    "doctor": "tell what is installed, what is missing, and how to install it",
    "completion": "print completion for bash",
}
EXIT_CODES = """\
exit status:
  0    done
  1    a file, a folder or a setting is not as it must be: one message says which, and the remedy
  2    the command line is wrong
  3    analyze: nodes of the network are not supported
  4    analyze: the network does not fit the board
  130  interrupted"""


def build_parser(chosen: str) -> argparse.ArgumentParser:
    """The parser with all commands; the chosen one's module adds its own arguments."""
    parser = argparse.ArgumentParser(
        prog="nn2flash",
        description="From a quantized network (.onnx, .tflite) to C for a microcontroller.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"nn2flash {version.TEXT}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, text in COMMANDS.items():
        sub = commands.add_parser(name, help=text)
        if name == chosen:
            module = importlib.import_module(f"{__package__}.commands.{name}")
            sub.description = module.__doc__
            module.add_arguments(sub)
            sub.set_defaults(run=module.run)
    return parser


def main(words: Sequence[str] | None = None) -> int | None:
    """Parse the command line, or `words` instead of it, and run the command; its exit status.

    Raises:
        UserError: whatever the command finds wrong with what it was given.
    """
    given = sys.argv[1:] if words is None else words
    try:
        arguments = build_parser(given[0] if given else "").parse_args(given)
        status: int | None = arguments.run(arguments)
    except ModuleNotFoundError as error:
        if is_ours(error.name or ""):
            raise
        raise UserError(
            f"the Python package {error.name} is not installed", "nn2flash doctor says how"
        ) from None
    return status


def is_ours(module: str) -> bool:
    """Whether a module belongs to this program, by its name."""
    own = {"", *(folder.name for folder in ROOT.iterdir() if folder.is_dir())}
    return module.partition(".")[0] in own | {"nn2flash"}
