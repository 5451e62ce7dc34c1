"""docs/add-a-kernel.md is true: its files, put into a copy of the tree, are a kernel that works."""

from __future__ import annotations

import numpy as np
import pytest

from tests.codegen.models import QdqModel
from tests.codegen.pages import check_style, pytest_in, shown_files, tree_with
from tests.codegen.programs import ROOT
from tests.graph.project import Project

PAGE = ROOT / "docs" / "add-a-kernel.md"
STEM = "lookup_words"


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    """Path → content of every file that the page shows."""
    return shown_files(PAGE)


@pytest.fixture(scope="module")
def project(files: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A copy of the tree with the new kernel, and a network that is a table of all bytes."""
    root = tmp_path_factory.mktemp("kernel") / "tree"
    copy = tree_with(files, root, network="table.onnx", board="mps2_an500")
    model = QdqModel((1, 256)).qdq(0.05, 10).then("Tanh").qdq(1 / 128, 0)
    model.save(copy.path("table.onnx"))
    np.save(copy.path("inputs.npy"), np.linspace(-7, 6, 2560, dtype=np.float32).reshape(10, 256))
    return copy


def test_nothing_is_listed_anywhere_else(files: dict[str, str]) -> None:
    assert set(files) == {
        f"codegen/kernels/elementwise/{STEM}.py",
        f"templates/ops/{STEM}.c.j2",
        f"firmware/runtime/kernels/nn_{STEM}.h",
        f"firmware/runtime/kernels/nn_{STEM}.c",
        f"tests/ops/test_{STEM}.py",
    }


def test_its_own_test_passes(project: Project) -> None:
    done = pytest_in(project, f"tests/ops/test_{STEM}.py")
    assert done.returncode == 0 and "3 passed" in done.stdout, done.stdout + done.stderr


def test_a_firmware_with_it_gives_the_references_bytes(project: Project) -> None:
    run = project.build("sim", inputs="inputs.npy", subset_size="10", werror="1")
    assert "nn_lookup_words(64, " in project.path("build/network/network.c").read_text()
    assert b"nn_lookup_words" in project.elf()
    assert "2560/2560 output bytes identical to the reference" in run.output, run.output


def test_its_files_are_in_the_projects_style(project: Project, files: dict[str, str]) -> None:
    check_style(project, files)
