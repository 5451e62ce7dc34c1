"""Write docs/operators.md: what is read, and what computes it, by the operators themselves."""

from __future__ import annotations

import argparse
from pathlib import Path

from codegen.report.operators import support_page
from support.files import write_text


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `operators`."""
    parser.add_argument(
        "--out", type=Path, default=Path("docs/operators.md"), help="the page; default: %(default)s"
    )


def run(arguments: argparse.Namespace) -> None:
    """Write the page."""
    write_text(arguments.out, support_page())
