"""Generate the network with ST's installed stedgeai tool, and import what it made."""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path
from typing import Any

from codegen.xcube.discover import APIS, LEGACY
from support.errors import UserError
from support.files import read_json, write_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `stedgeai`."""
    parser.add_argument("--tool", default="", help="program (default: looked for)")
    parser.add_argument(
        "--detect", type=Path, help="only find the tool and keep its version in this file"
    )
    parser.add_argument("--detected", type=Path, help="that file; the tool is not asked again")
    parser.add_argument("--model", type=Path, help="QDQ int8 ONNX file")
    parser.add_argument("--memory-pool", type=Path, help="memory pools, as `pools` writes them")
    parser.add_argument(
        "--runtime", type=Path, action="append", default=[], help="ST's pack (default: the tool's)"
    )
    parser.add_argument("--name", default="network", help="C name of the network")
    parser.add_argument("--c-api", choices=APIS, default=LEGACY, help="C interface")
    parser.add_argument("--core", default="cortex-m7", help="the board's processor")
    parser.add_argument("--options", default="", help="further options of `stedgeai generate`")
    parser.add_argument("--timeout", type=float, default=1800.0, metavar="S", help="seconds")
    parser.add_argument("--out-dir", type=Path, help="folder of the sources")


def run(arguments: argparse.Namespace) -> None:
    """Detect the tool, or generate with it."""
    if arguments.detect:
        _detect(arguments.tool, arguments.detect)
        return
    for needed in ("model", "out_dir"):
        if getattr(arguments, needed) is None:
            raise UserError(f"--{needed.replace('_', '-')} is required")
    from codegen.reader.qdq import read_graph
    from codegen.xcube.bundle import TABLE, Request
    from codegen.xcube.stedgeai import Run, generate

    request = Request(
        bundle=arguments.out_dir,
        out=arguments.out_dir,
        name=arguments.name,
        api=arguments.c_api,
        core=arguments.core,
        runtimes=tuple(arguments.runtime),
        graph=read_graph(arguments.model),
    )
    how = Run(
        tool=_tool(arguments),
        model=arguments.model,
        memory_pool=arguments.memory_pool,
        options=_words(arguments.options),
        seconds=arguments.timeout,
    )
    generate(how, request)
    sys.stdout.write((arguments.out_dir / f"{arguments.name}{TABLE}").read_text(encoding="utf-8"))


def _words(options: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(options))
    except ValueError as error:
        raise UserError(f"ai_options={options}: {error}", "close the quotes") from None


def _tool(arguments: argparse.Namespace) -> Any:
    from codegen.xcube.tool import Tool, ask, find_tool
    from codegen.xcube.versions import parse

    if not arguments.detected:
        return ask(find_tool(arguments.tool))
    content = read_json(arguments.detected)
    return Tool(Path(content["path"]), parse(content["version"]), content["banner"])


def _detect(given: str, out: Path) -> None:
    """Write path and version, asking the tool only when its program changed.

    A tool takes seconds to tell its version, so a build would feel it each time. What the program
    looked like lies beside the file: it changes without anything to be made again.
    """
    from codegen.xcube.tool import ask, find_tool

    path = find_tool(given)
    state = path.stat()
    fingerprint = f"{state.st_size} {state.st_mtime_ns}"
    seen = out.with_suffix(".seen")
    known = read_json(seen) if seen.is_file() and out.is_file() else {}
    now = {"path": str(path), "fingerprint": fingerprint}
    if known == now:
        return
    tool = ask(path)
    write_json(
        out,
        {
            "path": str(path),
            "version": str(tool.version or ""),
            "banner": tool.banner,
        },
    )
    write_json(seen, now)
