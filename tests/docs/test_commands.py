"""Lines to type on the pages are typed, and what they print is what the page shows.

Which test tries which block stands in console_blocks.py; a block that nobody tries is an error.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from tests.docs.console_blocks import COVERED, Block, By, Here, No, all_blocks, covered
from tests.docs.pages import ROOT
from tests.graph.own_network import write_own_network
from tests.graph.project import VENV, Project, copy_tree
from tests.graph.shared_builds import shared_builds
from tests.graph.test_float_network import write_float
from tests.graph.tiny_model import write_tiny_model
from tests.tflite.networks import small_network

TYPED = [block for block in all_blocks() if isinstance(covered(block), Here)]
PROGRAMS = {"scons": 'exec "{scons}" -n "$@"', "nn2flash": 'exec "{python}" -m nn2flash "$@"'}
# What a reader has done before, or what only shows something to people.
SKIPPED = re.compile(r"^(pip install|\.venv/bin/clang-format|\.venv/bin/ruff|scons (check|test)\b)")


def test_each_block_is_tried_by_somebody() -> None:
    found = all_blocks()
    assert len(found) >= 40
    unknown = [block.name for block in found if covered(block) is None]
    assert not unknown, "say in console_blocks.py who tries them"
    pages = {block.page for block in found}
    names = {block.name for block in found}
    stale = [
        name for name in COVERED if name not in names and (name[1] != "*" or name[0] not in pages)
    ]
    assert not stale, "no page has these"


@cache
def _functions(path: Path) -> set[str]:
    tree = ast.parse(path.read_bytes())
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_who_is_said_to_try_a_block_is_there() -> None:
    for name, how in COVERED.items():
        for test in how.tests if isinstance(how, By) else how.real if isinstance(how, Here) else ():
            path, _, function = test.partition("::")
            assert function in _functions(ROOT / "tests" / path), f"{name}: {test}"
        assert not isinstance(how, No) or len(how.why) > 10


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A clone with the files that readers of the pages have, and programs first in its PATH."""
    project = copy_tree(tmp_path_factory.mktemp("pages") / "nn2flash")
    root = project.root
    for name in ("model_int8.onnx", "digits.onnx", "model.onnx"):
        write_tiny_model(root / name)
    (root / "path" / "to").mkdir(parents=True)
    shutil.copy(root / "model_int8.onnx", root / "path" / "to")
    small_network().save(root / "path" / "to" / "model_int8.tflite")
    shutil.copytree(root / "firmware/boards/netduinoplus2", root / "path/to/my_board")
    write_float(root)
    (root / "f.onnx").rename(root / "float.onnx")
    np.save(root / "x.npy", np.zeros((5, 8), np.float32))
    shutil.copy(root / "x.npz", root / "others.npz")
    write_own_network(root, "my_net")
    programs = root / "programs"
    programs.mkdir()
    for name, line in PROGRAMS.items():
        made = line.format(scons=project.program, python=VENV / "bin" / "python")
        (programs / name).write_text(f"#!/bin/sh\n{made}\n")
        (programs / name).chmod(0o755)
    (root / "host").mkdir()
    (root / "host" / "nn2flash").symlink_to(root)
    shutil.copy(root / "digits.onnx", root / "host")
    # What it installs is tests/graph/test_bootstrap.py's.
    (root / "bootstrap").write_text('#!/bin/sh\nexec "$@"\n')
    return project


def typed(block: Block) -> list[str]:
    """The commands of a block, without remarks."""
    text = re.sub(r" \\\n *", " ", block.text)
    lines = [re.split(r"\s+#|\s{3,}(?=[a-z]{2,} )", line)[0].strip() for line in text.splitlines()]
    return [line for line in lines if line and not SKIPPED.match(line)]


@pytest.mark.sample(5)
@pytest.mark.parametrize("block", TYPED, ids=lambda block: f"{block.page}: {block.name[1][:40]}")
def test_lines_can_be_typed(block: Block, folder: Project) -> None:
    path = os.pathsep.join([str(folder.root / "programs"), os.environ["PATH"]])
    lines = typed(block)
    assert lines or block.page == "CONTRIBUTING.md"
    for line in lines:
        done = subprocess.run(
            ["bash", "-e", "-c", line.removeprefix("pip install . && ")],
            cwd=folder.root / ("host" if block.page == "embedding.md" else "."),
            env={**os.environ, "PATH": path},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}"


def shown(page: str, first: str) -> str:
    (block,) = (block for block in all_blocks() if block.name == (page, first))
    return block.text


def test_the_readmes_run(mnist_dir: Path, tmp_path: Path) -> None:
    """The weights that the recipe trains are in the repository: their firmware prints this."""
    variables = {"data_dir": str(mnist_dir), "inputs": "mnist", **shared_builds()}
    project = copy_tree(tmp_path / "project", **variables)
    run = project.build(
        "sim", network="tests/fixtures/augmented_int8.onnx", normalize="0,1", board="mps2_an500"
    )
    assert shown("README.md", "image 99: label 8, recognized 8") in run.output


def test_the_recorded_validation_is_one_run() -> None:
    """Too long for this suite; its numbers agree with one another."""
    text = shown("see-it-work.md", "accuracy 99.14 % (9,914 of 10,000)")
    lines = re.findall(r"^ +(\d)((?: +(?:\d+|\.)){10})$", text, re.MULTILINE)
    matrix = [[0 if n == "." else int(n) for n in counts.split()] for _, counts in lines]
    assert len(matrix) == 10
    assert sum(map(sum, matrix)) == 10_000 and sum(matrix[i][i] for i in range(10)) == 9_914
    assert "100000/100000 output bytes identical" in text and "10,000 of 10,000 inputs" in text
