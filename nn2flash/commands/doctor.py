"""Tell what is installed of what can be used, what is missing, and the line that installs it."""

from __future__ import annotations

import argparse
import platform
import sys
from dataclasses import asdict

from nn2flash.doctor import Tool, examine
from support.plain import print_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `doctor`."""
    parser.add_argument("--json", action="store_true", help="a list of objects")


def run(arguments: argparse.Namespace) -> int:
    """Print it; 0, or 1 where something is missing that analyze, generate and package need."""
    tools = examine()
    if arguments.json:
        print_json([asdict(tool) for tool in tools])
    else:
        print(f"Python {platform.python_version()}, {sys.executable}")
        print("\n".join(map(_told, tools)))
    return int(any(tool.needed and not tool.found for tool in tools))


def _told(tool: Tool) -> str:
    state = tool.found or ("MISSING" if tool.needed else "not installed")
    line = f"{tool.name:<18}{state:<30}  {tool.serves}"
    return line if tool.found else f"{line}\n{'':<18}{tool.remedy}"
