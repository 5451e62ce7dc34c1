"""A small network, its stand-in bundles, and what the integer reference computes for it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from codegen.arrays import write_arrays
from codegen.ir.graph import Graph
from codegen.reader.qdq import read_graph
from tests.graph.tiny_model import write_tiny_model
from tests.xcube.standins import Standin, write_project


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A QDQ int8 network, 8-6-4."""
    path = tmp_path_factory.mktemp("model") / "tiny.onnx"
    write_tiny_model(path)
    return path


@pytest.fixture(scope="session")
def graph(model: Path) -> Graph:
    """The same, read."""
    return read_graph(model)


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where generated sources and objects are kept from one bundle to the next."""
    return tmp_path_factory.mktemp("kept")


@pytest.fixture(scope="session")
def _projects(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[Standin, Path]]:
    return tmp_path_factory.mktemp("projects"), {}


@pytest.fixture
def project(
    tmp_path: Path, graph: Graph, kept: Path, _projects: tuple[Path, dict[Standin, Path]]
) -> Callable[..., Path]:
    """Makes a stand-in project from `Standin`'s arguments; returns the folder of a copy."""

    def make(**arguments: object) -> Path:
        how = Standin(**arguments)  # type: ignore[arg-type]
        folder, made = _projects
        if how not in made:
            made[how] = folder / f"project{len(made)}"
            write_project(made[how], graph, how, kept)
        copy = tmp_path / f"project{len(list(tmp_path.glob('project*')))}"
        shutil.copytree(made[how], copy)
        return copy

    return make


@pytest.fixture(scope="session")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty inputs that use most of the network's input range, as a .npz."""
    path = tmp_path_factory.mktemp("inputs") / "inputs.npz"
    values = np.random.default_rng(3).uniform(-2.4, 2.4, (40, 8)).astype(np.float32)
    write_arrays(path, {"inputs": values})
    return path
