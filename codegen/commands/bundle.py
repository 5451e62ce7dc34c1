"""Import a bundle of ST's cloud or tools: fixed names, checked, with a manifest."""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path

from codegen.xcube.bundle import TABLE, Request, import_bundle
from codegen.xcube.discover import APIS, LEGACY
from support.errors import UserError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `bundle`."""
    parser.add_argument("--bundle", type=Path, required=True, help="folder or zip")
    parser.add_argument(
        "--runtime",
        type=Path,
        action="append",
        default=[],
        help="ST's pack, for headers and library",
    )
    parser.add_argument(
        "--model", type=Path, help="QDQ int8 ONNX or int8 .tflite file that it must be made from"
    )
    parser.add_argument("--name", default="network", help="stem of the written files")
    parser.add_argument("--c-api", choices=APIS, default=LEGACY, help="interface of the firmware")
    parser.add_argument("--core", default="cortex-m7", help="the board's processor")
    parser.add_argument("--input-scale", default="", help="when the bundle has no table of it")
    parser.add_argument("--input-zero-point", default="", help="when the bundle has no table of it")
    parser.add_argument(
        "--source", choices=("bundle", "cloud"), default="bundle", help="how it was obtained"
    )
    parser.add_argument("--out-dir", type=Path, required=True, help="folder of the sources")


def run(arguments: argparse.Namespace) -> None:
    """Import and print what was found."""
    graph = None
    if arguments.model:
        from codegen.reader.qdq import read_graph

        graph = read_graph(arguments.model)
    import_bundle(
        Request(
            bundle=arguments.bundle,
            out=arguments.out_dir,
            name=arguments.name,
            api=arguments.c_api,
            core=arguments.core,
            runtimes=tuple(arguments.runtime),
            graph=graph,
            input_scale=_scale(arguments.input_scale),
            input_zero_point=_zero_point(arguments.input_zero_point),
            how=arguments.source,
        )
    )
    sys.stdout.write((arguments.out_dir / f"{arguments.name}{TABLE}").read_text(encoding="utf-8"))


def _scale(text: str) -> float | None:
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise UserError(f"input_scale={text}: not a positive number", "for example 0.003921569")
    return value


def _zero_point(text: str) -> int | None:
    if not text:
        return None
    try:
        return int(text)
    except ValueError:
        raise UserError(
            f"input_zero_point={text}: not a whole number", "for example -128"
        ) from None
