"""`network=model.tflite` through the whole build."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.graph.project import Project, copy_tree
from tests.graph.shared_builds import shared_builds
from tests.tflite.models import TfliteModel
from tests.tflite.networks import conv, small_network
from tests.tflite.test_refused import float_network


@pytest.fixture
def project(tmp_path: Path) -> Project:
    root = tmp_path / "project"
    variables = {"network": "tiny.tflite", "board": "mps2_an500", "subset_size": "3"}
    found = copy_tree(root, **variables, **shared_builds())
    small_network().save(root / "tiny.tflite")
    return found


def _identity(project: Project) -> str:
    manifest = project.path("build") / "network" / "network_manifest.json"
    return str(json.loads(manifest.read_text())["model_sha256"])


def test_simulated_and_built_again_when_it_changes(project: Project) -> None:
    assert "18/18 output bytes identical to the reference" in project.build("sim").output
    first = _identity(project)
    conv().save(project.path("tiny.tflite"))
    project.build("generate")
    assert _identity(project) != first


def test_a_float_network_is_refused_in_one_line(project: Project) -> None:
    model: TfliteModel = float_network()
    model.save(project.path("tiny.tflite"))
    run = project.scons("generate")
    assert run.status != 0
    assert "tensor 'in_0' is float32" in run.output
    assert "representative_dataset" in run.output
    assert "Traceback" not in run.output
