"""Goldens that come several at a time: files for IDEs, a package, the report, the demo's page."""

from __future__ import annotations

import contextlib
import io
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from codegen.analysis.analysis import analyze
from codegen.analysis.page import page as analysis_page
from codegen.analysis.text import as_text
from codegen.generate import generate, manifest
from codegen.ide import cubeide, vscode
from codegen.ide.build import Build
from codegen.ir.graph import Graph
from codegen.kernels.wanted import PORTABLE
from codegen.outputs import MANIFEST
from codegen.package import RENDERED, package_files
from codegen.place import place_objects
from codegen.plan import plan_network
from codegen.reference import run as run_reference
from codegen.render import render
from codegen.report.accuracy import accuracy
from codegen.report.changes import summarize
from codegen.report.comparison import since_previous
from codegen.report.drawing import drawing
from codegen.report.history import this_build
from codegen.report.page import page
from codegen.report.sources import Sources
from codegen.target import target_of
from nn2flash.cli import main
from nn2flash.host_library import library_source
from tests.codegen.oracle import stored_inputs
from tests.codegen.programs import toolchain
from tests.report.conftest import EVALUATION, MEMORY, PLACEMENT, QUANTIZATION, TRAINING, VALIDATION

BOARD = "stm32h750b_dk"


def placed() -> tuple[dict[str, Any], dict[str, Any]]:
    """Memories of the board, and a placement that uses its external flash."""
    memories = toolchain(BOARD).board.to_json()
    sizes = {
        "kernels": 12 << 10,
        "weights": 1000,
        "activations": 64,
        "subset": 1_000_000,
        "results": 12,
    }
    return memories, {"objects": place_objects(memories, sizes, {})}


def ide_files(graph: Graph, folder: Path) -> dict[str, str]:
    """What `scons ide` writes to the build folder, and what only the project's own folder gets."""
    memories, placement = placed()
    board = toolchain(BOARD).board
    project = Path("/src/digits")
    debugging = {
        "board": {"name": board.name, "title": board.title},
        "gdb": "gdb-multiarch",
        "programmers": [{"name": name, **keys} for name, keys in board.programmers.items()],
        "qemu": [{"board": "mps2_an500", "machine": "mps2-an500", "cpu": "cortex-m7"}],
    }
    build = Build(
        folder=project / "build" / BOARD / "ide",
        project=project,
        build_dir=project / "build",
        elf=project / "build" / BOARD / "firmware.elf",
        database=project / "build" / "compile_commands.json",
        compiler="arm-none-eabi-gcc",
        includes=[project / "firmware" / "app", project / "build" / "network"],
        sources=[project / "firmware", project / "build" / "app", project / "build" / "network"],
        variables=[f"board={BOARD}", "subset_size=20", "serial=0123"],
        targets=["elf", "sim", "flash", "debug", "monitor"],
        debugging=debugging,
        memories=memories,
        placement=placement,
    )
    here = vscode.files(replace(build, folder=project))
    return {**vscode.files(build), **cubeide.files(build), ".clangd": here[".clangd"]}


def package(graph: Graph, folder: Path) -> dict[str, str]:
    """What is rendered for a package; the network and the runtime are shown elsewhere."""
    folder.mkdir(exist_ok=True)
    generate(graph, "tiny", folder)
    files = package_files(folder / f"tiny{MANIFEST}")
    return {name: files[name].decode() for name in (each.format(name="tiny") for each in RENDERED)}


def report(graph: Graph, folder: Path) -> dict[str, str]:
    """A report of all that a build can know, and one of the manifest alone; without pixels."""
    facts = manifest(plan_network(graph), "tiny")
    inputs = stored_inputs(graph, count=9)
    labels = np.arange(9) % graph.output.size
    sources = Sources(
        manifest=facts,
        graph=graph,
        reference={"inputs": inputs, "outputs": run_reference(graph, inputs), "labels": labels},
        training=TRAINING,
        quantization=QUANTIZATION,
        evaluation=EVALUATION,
        memory=MEMORY,
        placement=PLACEMENT,
        validation=VALIDATION,
        files=(("quantized network", "golden.onnx", "ab" * 32),),
        compiler="GCC: (tests) 12.2.1",
    )
    scored = accuracy(sources)
    now = this_build(sources, summarize(sources), scored)
    changed = {**now.facts, "training epochs": 2, "compiler": "GCC: (tests) 11"}
    before = replace(now, key="0" * 12, facts=changed)
    text = page(sources, scored, [before, now], since_previous([before, now]))
    alone = Sources(manifest=facts)
    only = [this_build(alone, summarize(alone), None)]
    return {
        # How zlib packs a picture is its own business.
        "report.html": re.sub(r"(data:image/png;base64),[\w+/=]+", r"\1,", text),
        "network.svg": render("report/network.svg.j2", {"drawing": drawing(facts)}),
        "manifest_alone.html": page(alone, None, only, since_previous(only)),
    }


def demo(graph: Graph, folder: Path) -> dict[str, str]:
    """The page that draws."""
    facts = manifest(plan_network(graph), "tiny")
    context = {"memories": placed()[0], "manifest": facts, "name": "tiny"}
    return {"demo.html": render("demo/page.html.j2", context)}


def analysis(graph: Graph, folder: Path) -> dict[str, str]:
    """The page of an analysis on a board, and as a terminal shows it."""
    memories, _ = placed()
    found = analyze(graph, PORTABLE, target_of(memories), memories)
    return {"analysis.html": analysis_page(found), "analysis.txt": as_text(found)}


def completion(graph: Graph, folder: Path) -> dict[str, str]:
    """What a shell reads."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        main(["completion"])
    return {"nn2flash.bash": printed.getvalue()}


def host(graph: Graph, folder: Path) -> dict[str, str]:
    """The C that Python calls."""
    return {"library.c": library_source(plan_network(graph), "tiny")}


SETS = {
    "analysis": analysis,
    "completion": completion,
    "demo": demo,
    "host": host,
    "ide": ide_files,
    "package": package,
    "report": report,
}
