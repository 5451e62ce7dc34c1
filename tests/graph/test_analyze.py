"""`scons analyze` is `nn2flash analyze` of the build's network and board."""

from __future__ import annotations

import subprocess
import sys

from tests.graph.project import REPOSITORY, Project


def test_analyze_compiles_nothing_and_tells_the_same(project: Project) -> None:
    project.build("-c")
    run = project.build("analyze")
    assert not run.commands
    words = ("analyze", str(project.path("tiny.onnx")), "--board", "mps2_an500")
    done = subprocess.run(
        [sys.executable, "-m", "nn2flash", *words],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout in run.output and "  fits  " in run.output


def test_a_network_that_cannot_be_read_ends_it(project: Project) -> None:
    project.path("tiny.onnx").write_bytes(b"\x89HDF\r\n\x1a\n")
    run = project.scons("analyze")
    assert run.status != 0
    assert "tiny.onnx: a Keras model, not ONNX or .tflite\n  remedy: convert it" in run.output
