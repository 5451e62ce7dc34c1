"""Tell what a network needs and costs, and whether it fits a board; nothing is compiled.

Instructions are estimates for GCC's code, as an emulator would count them; they are no cycles.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from nn2flash import network
from support.output_file import OutputFile, check_outputs
from support.plain import print_json

if TYPE_CHECKING:
    from codegen.analysis.analysis import Analysis
    from codegen.reader.survey import UnsupportedNodes

UNSUPPORTED, DOES_NOT_FIT = 3, 4
# Of templates/report/*.html.j2, behind a charset and a viewport.
PAGE_MARK = b'<meta name="generator" content="nn2flash '
_HEAD_BYTES = 1024


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `analyze`."""
    network.add_arguments(parser)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON")
    form.add_argument("--html", type=Path, metavar="FILE", help="write a page with the graph, too")


def run(arguments: argparse.Namespace) -> int:
    """Print it; 0, or 3 where nodes are not supported, 4 where the network does not fit."""
    from codegen.reader.survey import UnsupportedNodes

    page: Path | None = arguments.html
    if page is not None:
        given = (arguments.model, arguments.calibration)
        check_outputs([OutputFile("--html", page, _is_page)], given)
    try:
        asked = network.read_request(arguments, survey=True)
    except UnsupportedNodes as error:
        return _unsupported(error, as_json=arguments.json)
    from codegen.analysis.analysis import analyze

    found = analyze(asked.graph, asked.kernels, asked.target, asked.memories)
    _tell(found, arguments)
    return DOES_NOT_FIT if found.placement is not None and not found.placement.fits else 0


def _is_page(path: Path) -> bool:
    """Whether a file begins as our pages do."""
    with path.open("rb") as stream:
        return PAGE_MARK in stream.read(_HEAD_BYTES)


def _tell(found: Analysis, arguments: argparse.Namespace) -> None:
    if arguments.json:
        print_json(found.to_json())
        return
    from codegen.analysis.text import as_text

    sys.stdout.write(as_text(found))
    if arguments.html:
        from codegen.analysis.page import page
        from support.files import write_plain

        write_plain(arguments.html, page(found))


def _unsupported(error: UnsupportedNodes, *, as_json: bool) -> int:
    from dataclasses import asdict

    from codegen.analysis.text import unsupported_text
    from codegen.analysis.unsupported import grouped

    groups = grouped(error.problems)
    if as_json:
        told = {"unsupported": [asdict(group) for group in groups], "not_judged": error.behind}
        print_json(told)
    else:
        sys.stdout.write(unsupported_text(error, groups))
    return UNSUPPORTED
