"""List the builds that a report remembers, or tell what differs between any two; builds nothing."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from codegen.report.comparison import HISTORY, between
from codegen.report.comparison_text import comparison_text, history_text
from codegen.report.history import read_history
from support.errors import UserError

BUILD = "number, key, commit, this, previous, oldest, or another build's report.json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `builds`."""
    parser.add_argument("history", type=Path, help="report.json of a build, or its folder")
    add_comparison_arguments(parser)


def add_comparison_arguments(parser: argparse.ArgumentParser) -> None:
    """Which two builds are compared."""
    parser.add_argument(
        "--of", metavar="BUILD", default="", help=f"the build that is compared: {BUILD}"
    )
    parser.add_argument(
        "--against", metavar="BUILD", default="", help="the build that it is compared with"
    )


def run(arguments: argparse.Namespace) -> None:
    """Print the table.

    Raises:
        UserError: no history, or no such build.
    """
    path: Path = arguments.history
    path = path / HISTORY if path.is_dir() else path
    builds = read_history(path)
    if not builds:
        what = "has no builds" if path.exists() else "no such file"
        raise UserError(f"{path}: {what}", "make a report first: scons report")
    if arguments.of or arguments.against:
        sys.stdout.write(comparison_text(between(builds, arguments.of, arguments.against)))
    else:
        sys.stdout.write(history_text(builds))
