"""Write the build's report: one HTML page that needs no other file."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from codegen.commands.builds import add_comparison_arguments
from codegen.report.accuracy import accuracy
from codegen.report.changes import summarize
from codegen.report.comparison import Comparison, between, since_previous
from codegen.report.comparison_text import comparison_text
from codegen.report.history import Build, read_history, remembered, this_build, to_json
from codegen.report.page import page
from codegen.report.sources import (
    Sources,
    commit_of,
    compiler_of,
    hashed,
    is_of,
    read_part,
    read_reference,
    time_of_report,
)
from support.build_files import KINDS
from support.errors import UserError
from support.files import BUILD_AGAIN, write_json, write_plain

_JSON = ("training", "quantization", "evaluation", "memory", "placement")
NOTHING: Any = {}
FIRST = "This is the first build that a report was made of\n"
_MEASURED = ("validation", "profile")
_PIPELINE = (
    ("checkpoint", "trained weights"),
    ("onnx", "float network"),
    ("model", "quantized network"),
    ("elf", "firmware"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `report`."""
    parser.add_argument("--manifest", type=Path, required=True, help="<name>_manifest.json")
    for name in (*_JSON, *_MEASURED):
        parser.add_argument(f"--{name}", type=Path, help=f"{name}.json")
    for name, text in _PIPELINE:
        parser.add_argument(f"--{name}", type=Path, help=f"file of the {text}")
    parser.add_argument("--reference", type=Path, help="reference.npz of the whole test set")
    parser.add_argument(
        "--random", action="store_true", help="the reference's inputs are seeded random ones"
    )
    parser.add_argument(
        "--setting", action="append", default=[], metavar="KEY=VALUE", help="a variable of scons"
    )
    parser.add_argument("--kept", type=Path, required=True, help="JSON kept from build to build")
    add_comparison_arguments(parser)
    parser.add_argument("--text", type=Path, help="write what differs as text, too")
    parser.add_argument("--out", type=Path, required=True, help="the page")


def run(arguments: argparse.Namespace) -> None:
    """Write the page and what the next one compares itself with."""
    sources = _read(arguments)
    known = _known(arguments.kept)
    try:
        builds, comparison, text = _rendered(sources, known, arguments.of, arguments.against)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise _damaged(arguments, sources) from error
    write_plain(arguments.out, text)
    if arguments.text:
        write_plain(arguments.text, comparison_text(comparison) if comparison else FIRST)
    write_json(arguments.kept, to_json(builds))


def _known(kept: Path) -> list[Build]:
    """The builds that are remembered; a file that cannot be read stops no report."""
    try:
        return read_history(kept)
    except UserError as error:
        print(f"warning: {error.message}: the history begins anew", file=sys.stderr)
        return []


def _rendered(
    sources: Sources, known: list[Build], of: str, against: str
) -> tuple[list[Build], Comparison | None, str]:
    """The builds with this one, the comparison that was asked for, and the page."""
    scored = accuracy(sources)
    builds = remembered(known, this_build(sources, summarize(sources), scored))
    asked = of or against
    comparison = between(builds, of, against) if asked else since_previous(builds)
    return builds, comparison, page(sources, scored, builds, comparison)


def _damaged(arguments: argparse.Namespace, sources: Sources) -> UserError:
    """Which file a page cannot be made of: the one without which it can be, or the manifest."""
    for name in (*_JSON, *_MEASURED):
        path, without = getattr(arguments, name), dict.fromkeys([name], NOTHING)
        if path and _can_be_shown(replace(sources, **without)):
            return KINDS[name].damaged(path, "its numbers do not fit the network, or each other")
    if arguments.reference and _can_be_shown(replace(sources, reference={})):
        return UserError(
            f"{arguments.reference}: its arrays do not fit the network, or each other", BUILD_AGAIN
        )
    why = "its numbers do not fit each other, or the other files"
    return KINDS["manifest"].damaged(arguments.manifest, why)


def _can_be_shown(sources: Sources) -> bool:
    try:
        _rendered(sources, [], "", "")
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, UserError):
        return False
    return True


def _read(arguments: argparse.Namespace) -> Sources:
    graph = None
    if arguments.model:
        from codegen.reader.qdq import read_graph

        graph = read_graph(arguments.model)
    given = {name: getattr(arguments, name) for name, _ in _PIPELINE}
    manifest = read_part(arguments.manifest, "manifest")
    measured = {name: read_part(getattr(arguments, name), name) for name in _MEASURED}
    return Sources(
        manifest=manifest,
        graph=graph,
        reference=read_reference(arguments.reference),
        **{name: read_part(getattr(arguments, name), name) for name in _JSON},
        **{name: content for name, content in measured.items() if is_of(manifest, content)},
        outdated=tuple(
            name for name, content in measured.items() if content and not is_of(manifest, content)
        ),
        files=tuple(hashed(text, given[name]) for name, text in _PIPELINE if given[name]),
        compiler=compiler_of(arguments.elf),
        random=arguments.random,
        settings=tuple(arguments.setting),
        made=time_of_report(),
        commit=commit_of(Path(__file__).parent),
    )
