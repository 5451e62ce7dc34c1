"""List the operators that are read, the kernels that compute them, and their limits."""

from __future__ import annotations

import argparse
import difflib
from dataclasses import asdict
from typing import TYPE_CHECKING

from support.errors import UserError
from support.plain import print_json

if TYPE_CHECKING:
    from codegen.report.operators import OperatorEntry


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `operators`."""
    parser.add_argument("operator", nargs="?", help="an ONNX operator, such as Conv: all about it")
    parser.add_argument("--json", action="store_true", help="a list of objects")


def run(arguments: argparse.Namespace) -> None:
    """Print a line for each operator, or everything about one.

    Raises:
        UserError: one that is not read.
    """
    from codegen.report.operators import entries

    found = entries()
    if arguments.operator:
        found = _about(arguments.operator, found)
    if arguments.json:
        print_json([asdict(entry) for entry in found], sort_keys=True)
        return
    for entry in found:
        print(_whole(entry) if arguments.operator else f"{_names(entry)}: {entry.about}")


def _about(operator: str, known: list[OperatorEntry]) -> list[OperatorEntry]:
    """The entries that read an operator, however its name is capitalized."""
    names = {name.lower(): name for entry in known for name, _ in entry.names}
    name = names.get(operator.lower())
    if name is None:
        near = difflib.get_close_matches(operator.lower(), names, n=1)
        raise UserError(
            f"operator '{operator}' is not supported",
            f"did you mean {names[near[0]]}?" if near else "see nn2flash operators",
        )
    return [entry for entry in known if name in dict(entry.names)]


def _names(entry: OperatorEntry) -> str:
    return ", ".join(name for name, _ in entry.names)


def _whole(entry: OperatorEntry) -> str:
    lines = [_names(entry), f"  {entry.about}"]
    lines += [f"  limits: {entry.limits}"] if entry.limits else []
    lines += [f"  kernel {row.name} ({row.where.rstrip('.')}): {row.how}" for row in entry.kernels]
    return "\n".join(lines)
