"""Write the build's report: one HTML page that needs no other file."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

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
    read_object,
    read_reference,
    time_of_report,
)
from support.errors import UserError
from support.files import write_json, write_plain

_JSON = ("training", "quantization", "evaluation", "memory", "placement")
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
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _unexpected(f"{type(error).__name__}: {error}") from error
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
    try:
        return builds, comparison, page(sources, scored, builds, comparison)
    except UserError as error:  # a name that the template misses
        raise _unexpected(error.message) from error


def _unexpected(why: str) -> UserError:
    return UserError(
        f"a file of the build is not as expected ({why})",
        "build it again: it is of another version",
    )


def _read(arguments: argparse.Namespace) -> Sources:
    graph = None
    if arguments.model:
        from codegen.reader.qdq import read_graph

        graph = read_graph(arguments.model)
    given = {name: getattr(arguments, name) for name, _ in _PIPELINE}
    manifest = read_object(arguments.manifest)
    measured = {name: read_object(getattr(arguments, name)) for name in _MEASURED}
    return Sources(
        manifest=manifest,
        graph=graph,
        reference=read_reference(arguments.reference),
        **{name: read_object(getattr(arguments, name)) for name in _JSON},
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
