"""docs/troubleshooting.md, symptom by symptom: each is produced, and is met as the page says."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from nn2flash.boards import FOLDER
from tests.docs.pages import ROOT, anchors
from tests.graph.project import Project, copy_tree
from tests.graph.test_float_network import write_float
from tests.graph.tiny_model import write_tiny_model

PAGE = ROOT / "docs" / "troubleshooting.md"
# Heading → tests that produce the symptom, "folder/file.py::function"; those of this file by name.
SYMPTOMS = {
    "The board predicts other classes than Python": (
        "validate/test_validate.py::test_identical_bytes_pass",
        "validate/test_validate.py::test_one_wrong_byte_fails_and_is_named",
        "validate/test_validate.py::test_first_wrong_layer_is_named",
        "runtime/test_flags.py::test_bytes",
    ),
    "Accuracy is lost by quantization": (
        "test_quantization_shows_each_tensor",
        "model/test_quantization.py::test_the_same_again_gives_the_same_bytes_and_a_loss_stops_the_build",
    ),
    "Inputs are clipped, or all alike": (
        "codegen/test_input_range.py::test_wrong_inputs_are_told_of",
    ),
    "It does not fit": ("test_what_does_not_fit_is_told_by_how_much",),
    "Hard fault": (
        "device/test_startup_and_faults.py::test_fault_report",
        "runtime/test_misuse.py::test_misuse",
    ),
    "Nothing on the console": ("test_a_board_that_is_not_there",),
    "Flashing fails": ("device/test_flash.py::test_failures",),
    "It is slower than expected": ("test_why_a_kernel_is_the_portable_one",),
    "A node is not supported": (
        "program/test_analyze.py::test_nodes_are_grouped_by_what_is_wrong_with_them",
    ),
    "The build": (
        "test_why_everything_is_built_again",
        "graph/test_saboteur_stale.py::test_two_builds_at_once",
        "graph/test_messages.py::test_mistake_gets_one_line",
    ),
}


def run(*words: str | Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """A command of the project."""
    return subprocess.run(
        [sys.executable, "-m", *map(str, words)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


def section(heading: str) -> str:
    text = PAGE.read_text(encoding="utf-8")
    return re.sub(r"\s+", " ", text.partition(f"## {heading}\n")[2].partition("\n## ")[0])


def test_each_symptom_is_produced_by_a_test() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == list(SYMPTOMS)
    assert len(anchors(PAGE)) == len(SYMPTOMS) + 1
    for tests in SYMPTOMS.values():
        for name in tests:
            path, _, function = name.rpartition("::")
            tree = ast.parse((ROOT / "tests" / path if path else Path(__file__)).read_bytes())
            names = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
            assert function in names, name


def test_quantization_shows_each_tensor(tmp_path: Path) -> None:
    write_float(tmp_path)
    words = ("nn2flash", "quantize", "f.onnx", "--calibration", "x.npz", "--out", "i8.onnx")
    done = run(*words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert re.search(r"accuracy float [\d.]+ %, int8 [\d.]+ %", done.stdout)
    assert "signal to quantization noise of each tensor" in done.stdout
    assert re.findall(r"^    (\w+) +[\d.]+", done.stdout, re.MULTILINE) == ["x", "b", "y"]
    told = section("Accuracy is lost by quantization")
    assert "accuracy before and after" in told and "signal to quantization noise" in told


def test_what_does_not_fit_is_told_by_how_much(tmp_path: Path) -> None:
    """On a board with 4 KiB for constants; the layers that take the most are named."""
    board = tmp_path / "small"
    board.mkdir()
    text = (FOLDER / "netduinoplus2" / "board.toml").read_text(encoding="utf-8")
    text = text.replace("length = 0x00100000", "length = 0x00006000")
    (board / "board.toml").write_text(text)
    model = ROOT / "tests" / "fixtures" / "guide_int8.onnx"
    done = run("nn2flash", "analyze", model, "--board", board)
    assert done.returncode == 4
    assert re.search(r"flash lacks [\d,]+ B", done.stdout), done.stdout
    assert "the most for '/fc1/Gemm'" in done.stdout and "use a smaller network" in done.stdout
    assert "                most, " in done.stdout
    told = section("It does not fit")
    assert "says what lacks how much" in told and 'its "most" lists the tensors' in told


def test_a_board_that_is_not_there() -> None:
    """No board with an ST-LINK is at whoever runs the tests."""
    board = FOLDER / "stm32h750b_dk" / "board.toml"
    done = run("device", "monitor", "--board", board, "--port", "auto")
    if done.returncode == 0:
        pytest.skip("a board is there")
    assert "no serial port of a debug probe" in done.stderr and "remedy: connect" in done.stderr
    assert "port=auto" in section("Nothing on the console")


def test_why_a_kernel_is_the_portable_one() -> None:
    model = ROOT / "tests" / "fixtures" / "guide_int8.onnx"
    done = run("nn2flash", "analyze", model, "--core", "cortex-m7", "--no-fpu")
    assert done.stdout.count("portable: cortex-m7 has no DSP extension with an FPU") == 3
    assert "names the reason" in section("It is slower than expected")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    found = copy_tree(tmp_path / "project", network="tiny.onnx", board="host")
    write_tiny_model(found.root / "tiny.onnx")
    return found


def test_why_everything_is_built_again(project: Project) -> None:
    """After an edit `--debug=explain` names the file; other time stamps alone are no reason."""
    project.build("generate")
    os.utime(project.path("tiny.onnx"), (1, 1))
    assert not project.build("generate").commands
    write_tiny_model(project.path("tiny.onnx"), seed=1)
    planned = project.build("--debug=explain", "-n", "generate")
    assert "rebuilding `build/network/network.c' because `tiny.onnx' changed" in planned.output
    assert "--debug=explain" in section("The build")
