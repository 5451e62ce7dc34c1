"""docs/add-an-op.md is true: its files, put into a copy of the tree, are an operator that works."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.codegen.pages import check_style, pytest_in, shown_files, tree_with
from tests.codegen.programs import ROOT
from tests.graph.project import Project

PAGE = ROOT / "docs" / "add-an-op.md"


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    """Path → content of every file that the page shows."""
    return shown_files(PAGE)


@pytest.fixture(scope="module")
def project(files: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A copy of the tree with the new operator."""
    return tree_with(files, tmp_path_factory.mktemp("operator") / "tree")


def test_one_stem_in_each_folder(files: dict[str, str]) -> None:
    stems = {re.sub("^(test|nn)_", "", Path(path).stem.split(".")[0]) for path in files}
    assert stems == {"reduce_max", "__init__"}
    folders = {str(Path(path).parent) for path in files}
    runtime = "firmware/runtime/kernels"
    assert folders == {
        "codegen/ops",
        "codegen/kernels/reduce",
        "templates/ops",
        "tests/ops",
        runtime,
    }


def test_its_own_test_passes(project: Project) -> None:
    done = pytest_in(project, "tests/ops/test_reduce_max.py")
    assert done.returncode == 0 and "2 passed" in done.stdout, done.stdout + done.stderr


def test_a_template_without_a_golden_is_noticed(project: Project) -> None:
    done = pytest_in(project, "tests/codegen/test_goldens.py", "-k", "every_template")
    assert done.returncode == 1 and "ops/reduce_max.c.j2" in done.stdout, done.stdout


def test_its_files_are_in_the_projects_style(project: Project, files: dict[str, str]) -> None:
    check_style(project, files)
