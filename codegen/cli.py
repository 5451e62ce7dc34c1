"""The command line of this package: each command reads files and writes files."""

from __future__ import annotations

import argparse
import importlib
import sys

COMMANDS = {
    "generate": "Write the network's C sources, report and manifest.",
    "dump": "Show what the generator makes of a network, step by step, and draw it.",
    "inputs": "Make the test inputs of a network that comes without a data set.",
    "subset": "Choose test inputs, quantize them and write them as a C header.",
    "reference": "Compute the integer reference's outputs for quantized inputs.",
    "layers": "Cut a network open at each quantized tensor, with every layer's bytes.",
    "expected": "Count what the reference reads right, for the firmware's own check.",
    "place": "Decide which memory of the board each object lives in.",
    "bundle": "Import a bundle of ST's cloud or tools: fixed names, checked, with a manifest.",
    "pools": "Write the board's memories as ST's tool wants to hear of them: its memory pools.",
    "stedgeai": "Generate the network with ST's installed stedgeai tool, and import what it made.",
    "package": "Write a generated network as a library for other build systems.",
    "new": "Begin a project of one's own from an example.",
    "ide": "Write files for VS Code and STM32CubeIDE.",
    "render": "Render one template from JSON files and values.",
    "report": "Write the build's report: one HTML page that needs no other file.",
    "builds": "List the builds that a report remembers, or tell what differs between any two.",
    "activity": "Tell how much of a network's work inputs leave to a sparse kernel.",
    "operators": "Write docs/operators.md: what is supported, by the operators themselves.",
    "export": "Write the layers of a model as plain arrays.",
}


def build_parser(chosen: str | None = None) -> argparse.ArgumentParser:
    """The parser with all commands; the chosen one's module adds its own arguments.

    The other modules are not loaded: rendering needs no onnx, and a build may rely on a command
    depending on nothing but what its own module imports.
    """
    parser = argparse.ArgumentParser(
        prog="python -m codegen",
        description="From a QDQ int8 ONNX file or an int8 .tflite file to C for a microcontroller.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, text in COMMANDS.items():
        sub = commands.add_parser(name, help=text, description=text)
        if name == chosen:
            module = importlib.import_module(f"{__package__}.commands.{name}")
            module.add_arguments(sub)
            sub.set_defaults(run=module.run)
    return parser


def main() -> int | None:
    """Parse the command line and run the command."""
    arguments = build_parser(sys.argv[1] if len(sys.argv) > 1 else None).parse_args()
    status: int | None = arguments.run(arguments)
    return status
