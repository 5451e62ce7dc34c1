"""Projects to build: one around a tiny network that is given, one that trains."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.graph.few_digits import use_few_digits
from tests.graph.own_network import write_own_network
from tests.graph.project import Project, copy_tree
from tests.graph.tiny_model import write_tiny_model
from tests.graph.watching import unwatch, watch


@dataclass(frozen=True)
class Built:
    """A project that is built already; clone it, do not change it.

    Attributes:
        clean: all commands of its first build.
        watched: the folder where they wrote down what they opened (watching.py).
    """

    project: Project
    clean: frozenset[str]
    watched: Path


def once(shared_dir: Path, name: str, make: Callable[[Path], Project], *targets: str) -> Built:
    """A project that the first worker builds and all workers clone from."""
    record, watched = shared_dir / f"{name}.json", shared_dir / f"{name}-watched"
    with (shared_dir / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not record.exists():
            project = make(shared_dir / name)
            watch(project, watched)
            run = project.build(*targets)
            unwatch(project)
            record.write_text(json.dumps([project.variables, sorted(run.commands)]))
    variables, commands = json.loads(record.read_text())
    return Built(Project(shared_dir / name, variables), frozenset(commands), watched)


@pytest.fixture(scope="session")
def given(shared_dir: Path) -> Built:
    """Built for mps2_an500 around `tiny.onnx`."""

    def make(root: Path) -> Project:
        project = copy_tree(root, network="tiny.onnx", board="mps2_an500")
        write_tiny_model(root / "tiny.onnx")
        return project

    return once(shared_dir, "given", make, "elf")


@pytest.fixture(scope="session")
def of_module(shared_dir: Path) -> Built:
    """Built for mps2_an500 of a network module and data of a user's."""

    def make(root: Path) -> Project:
        variables = {"model": "mine/gearbox.py", "max_accuracy_drop": "10"}
        project = copy_tree(root, board="mps2_an500", **variables)
        write_own_network(root / "mine")
        write_tiny_model(root / "tiny.onnx")
        return project

    return once(shared_dir, "of-module", make, "elf", "evaluate")


@pytest.fixture(scope="session")
def trained(shared_dir: Path, mnist_dir: Path) -> Built:
    """Built for mps2_an500 and evaluated: few images, one epoch of the guide's recipe; a cache."""

    def make(root: Path) -> Project:
        digits = shared_dir / "few-digits"
        variables = {"data_dir": str(digits), "recipe": "guide", "epochs": "1"}
        variables |= {"cache_dir": str(shared_dir / "cache"), "max_accuracy_drop": "5"}
        project = copy_tree(root, board="mps2_an500", **variables)
        use_few_digits(project, mnist_dir, digits)
        return project

    return once(shared_dir, "trained", make, "elf", "evaluate")


@pytest.fixture
def project(given: Built, tmp_path: Path) -> Project:
    """A clone of `given`, to do anything with."""
    return given.project.clone(tmp_path / "project")
