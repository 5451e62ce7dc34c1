"""Every layer of any network compared with onnxruntime, each from inputs that are forced.

A differing byte is accepted only where its exact value lies on a rounding boundary, or within
what a function is stated to be off. The status is 1 when a layer differs for another reason; the
first such one is named.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from model.arguments import add_file
from support.errors import UserError
from support.files import write_json, write_plain

if TYPE_CHECKING:
    from model.layers import Forced


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `layers`."""
    add_file(parser, "--cut", "JSON", "what `python -m codegen layers` wrote")
    add_file(parser, "--npz", "NPZ", "its arrays")
    add_file(parser, "--out", "JSON", "file to write: every differing byte")
    parser.add_argument("--table", type=Path, metavar="TXT", help="write the table here, too")


def run(arguments: argparse.Namespace) -> None:
    """Compare with onnxruntime."""
    from model import layers

    cut, arrays = layers.read(arguments.cut, arguments.npz)
    if not arrays["oracle"].size:
        raise UserError(
            f"{arguments.cut}: of a .tflite file, which onnxruntime does not run",
            "compare it with LiteRT: python -m model layers-litert",
        )
    try:
        found = layers.by_onnxruntime(cut, arrays)
    except layers.NoOracle as error:
        raise UserError(f"{cut.origin}: {error}", layers.OTHERWISE) from None
    tell(arguments, cut.origin, found)


def tell(arguments: argparse.Namespace, origin: str, found: Forced) -> None:
    """Print and write what became of the layers.

    Raises:
        UserError: one differs for another reason than rounding.
    """
    from model import layer_verdict

    judged = layer_verdict.judge(found)
    table = layer_verdict.render(found.by, judged)
    print(table)
    if arguments.table:
        write_plain(arguments.table, f"{table}\n")
    write_json(arguments.out, layer_verdict.report(origin, found.by, judged))
    wrong = layer_verdict.first_wrong(judged)
    if wrong:
        raise UserError(
            f"{origin}: layer {wrong.name}: {wrong.unexplained:,} of "
            f"{wrong.layer.reference.size:,} bytes differ from {found.by} and lie on no rounding "
            "boundary; the layers before it agree",
            "the network is not computed as its file says: please report it with the file",
        )
