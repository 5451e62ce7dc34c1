"""A tiny network built for the kit and for QEMU, with IDE files in both places they can be."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest

from tests.graph.project import Project, copy_tree
from tests.graph.shared_builds import shared_builds
from tests.graph.tiny_model import write_tiny_model
from tests.ide.opened import Opened

# The test images in external flash.
VARIABLES = {"network": "tiny.onnx", "board": "stm32h750b_dk", "placement": "subset:qspi"}


@pytest.fixture(scope="session")
def built(shared_dir: Path) -> Project:
    """Built once for all workers; clone it, do not change it."""
    root, done = shared_dir / "ide", shared_dir / "ide.done"
    with (shared_dir / "ide.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            project = copy_tree(root, network="tiny.onnx")
            write_tiny_model(root / "tiny.onnx")
            project.build("elf", board="mps2_an500", **shared_builds())
            project.variables |= VARIABLES
            project.build("ide", ide_dir=".")
            project.build("elf", **shared_builds())
            project.build("elf", "ide")
            done.touch()
    return Project(root, dict(VARIABLES))


@pytest.fixture(params=["in the build folder", "in the project"])
def opened(built: Project, request: pytest.FixtureRequest) -> Opened:
    """Read only."""
    inside = request.param == "in the build folder"
    return Opened(built, built.path("build/stm32h750b_dk/ide" if inside else "."))


@pytest.fixture
def project(built: Project, tmp_path: Path) -> Project:
    """A clone, to do anything with."""
    return built.clone(tmp_path / "a project")
