"""Write the network's C sources, report and manifest."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from codegen.generate import LEGACY, TEMPLATES, outputs
from codegen.names import check_name
from support.files import write_text


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `generate`."""
    parser.add_argument("--model", type=Path, help="QDQ int8 ONNX file, opset 13 to 21, batch 1")
    parser.add_argument("--name", default="network", help="prefix of files and C symbols")
    parser.add_argument(
        "--c-api", choices=tuple(TEMPLATES), default=LEGACY, help="C interface of the sources"
    )
    parser.add_argument("--out-dir", type=Path, required=True, help="folder of the sources")
    parser.add_argument("--depfile", type=Path, help="write a Make depfile for CMake, Ninja, Make")
    parser.add_argument(
        "--print-outputs", action="store_true", help="print the files it would write, and stop"
    )


def run(arguments: argparse.Namespace) -> int:
    """Generate, or tell what would be generated."""
    name = check_name(arguments.name)
    files = [arguments.out_dir / output for output in outputs(name, arguments.c_api)]
    if arguments.print_outputs:
        print("\n".join(str(file) for file in files))
        return 0
    if arguments.model is None:
        print("codegen generate: error: --model is required", file=sys.stderr)
        return 2
    from codegen.generate import generate
    from codegen.reader.qdq import read_graph

    generate(read_graph(arguments.model), name, arguments.out_dir, arguments.c_api)
    if arguments.depfile:
        write_text(arguments.depfile, _depfile(files, arguments.model))
    return 0


def _depfile(files: list[Path], model: Path) -> str:
    """Make syntax: the outputs depend on the model, this room's modules and its templates."""
    from codegen.render import ROOT

    modules = {
        Path(str(module.__file__))
        for module in list(sys.modules.values())
        if getattr(module, "__file__", None) and Path(str(module.__file__)).is_relative_to(ROOT)
    }
    own = {m for m in modules if m.relative_to(ROOT).parts[0] in ("codegen", "support")}
    folders = ("network", "network_stai", "ops")
    templates = {path for folder in folders for path in (ROOT / "templates" / folder).glob("*.j2")}
    sources = [model, *sorted(own), *sorted(templates)]
    return f"{' '.join(map(_escape, files))}: {' '.join(map(_escape, sources))}\n"


def _escape(path: Path) -> str:
    return str(path).replace("$", "$$").replace("#", "\\#").replace(" ", "\\ ")
