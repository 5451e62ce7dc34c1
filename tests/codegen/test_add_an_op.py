"""docs/add-an-op.md is true: its files, put into a copy of the tree, are an operator that works."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.codegen.programs import ROOT, run

PAGE = ROOT / "docs" / "add-an-op.md"
FOLDERS = ("codegen", "model", "device", "firmware", "site_scons", "support", "templates", "tests")


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    """Path → content of every file that the page shows."""
    blocks = re.findall(r"^`(\S+)`\n```\w+\n(.*?)^```$", PAGE.read_text(), re.M | re.S)
    return dict(blocks)


@pytest.fixture(scope="module")
def tree(files: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tree with the new operator."""
    copy = tmp_path_factory.mktemp("tree")
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", ".clang-format", "LICENSE"):
        shutil.copy(ROOT / name, copy / name)
    for path, text in files.items():
        assert not (copy / path).exists(), f"{path} is there already"
        (copy / path).parent.mkdir(exist_ok=True)
        (copy / path).write_text(text)
    return copy


def test_one_stem_in_each_folder(files: dict[str, str]) -> None:
    stems = {re.sub("^(test|nn)_", "", Path(path).stem.split(".")[0]) for path in files}
    assert stems == {"reduce_max", "__init__"}
    folders = {str(Path(path).parent) for path in files}
    runtime = "firmware/runtime/kernels"
    assert folders == {
        *("codegen/ops", "codegen/kernels/reduce", "templates/ops", "tests/ops", runtime)
    }


def test_its_own_test_passes(tree: Path) -> None:
    words = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/ops/test_reduce_max.py"]
    done = subprocess.run(
        [sys.executable, *words], cwd=tree, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0 and "2 passed" in done.stdout, done.stdout + done.stderr


def test_a_template_without_a_golden_is_noticed(tree: Path) -> None:
    words = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/codegen/test_goldens.py"]
    done = subprocess.run(
        [sys.executable, *words, "-k", "every_template"],
        cwd=tree,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1 and "ops/reduce_max.c.j2" in done.stdout, done.stdout


def test_its_files_are_in_the_projects_style(tree: Path, files: dict[str, str]) -> None:
    tools = ROOT / ".venv" / "bin"
    python = [path for path in files if path.endswith(".py")]
    c = [path for path in files if path.endswith((".c", ".h"))]
    config = ["--config", str(tree / "pyproject.toml")]
    run([str(tools / "ruff"), "check", *config, *(str(tree / path) for path in python)])
    run([str(tools / "ruff"), "format", "--check", *config, *(str(tree / p) for p in python)])
    style = f"--style=file:{tree / '.clang-format'}"
    run([str(tools / "clang-format"), style, "--dry-run", "-Werror", *(str(tree / p) for p in c)])
