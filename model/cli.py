"""The command line of this package: each command reads files and writes files."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

COMMANDS = {
    "dataset": "fetch a set of data if it is not there, and check it",
    "train": "train the network of a network module, and write its parts",
    "export": "export that network as float ONNX",
    "quantize": "quantize a float network, a module's trained further where int8 loses too much",
    "evaluate": "what the int8 network of a module is worth on its test part",
    "layers": "each layer of any network compared with onnxruntime, inputs forced",
    "layers-litert": "each layer of a .tflite file compared with LiteRT, inputs forced",
}


def _parser(chosen: str) -> argparse.ArgumentParser:
    """The parser with all commands; only the chosen one's module is loaded.

    So a build may rely on a command depending on nothing but what its own module imports: who
    edits `evaluate` does not train again.
    """
    parser = argparse.ArgumentParser(
        prog="python -m model",
        description="From data to a quantized ONNX file. Each command writes whole files or none.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, text in COMMANDS.items():
        sub = commands.add_parser(name, help=text)
        if name == chosen:
            module = importlib.import_module(f"{__package__}.commands.{name.replace('-', '_')}")
            sub.description = module.__doc__
            module.add_arguments(sub)
            sub.set_defaults(run=module.run)
    return parser


def main(words: Sequence[str] | None = None) -> None:
    """Parse the command line, or `words` instead of it, and run the command.

    Raises:
        UserError: whatever the command finds wrong with files it was given.
    """
    # Read when PyTorch is loaded. Threads that wait for each other turn in a loop otherwise: beside
    # other programs, that takes ten times as long as the training itself.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    given = sys.argv[1:] if words is None else words
    arguments = _parser(given[0] if given else "").parse_args(given)
    arguments.run(arguments)
