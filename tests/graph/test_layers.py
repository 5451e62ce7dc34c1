"""`scons evaluate` of a given network: each layer against an interpreter."""

from __future__ import annotations

import json
from typing import Any

from tests.graph.project import Project
from tests.tflite.networks import small_network


def layers(project: Project) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        project.path("build/model/layer_evaluation.json").read_text()
    )
    return found


def test_a_given_network_is_evaluated(project: Project) -> None:
    run = project.build("evaluate")
    assert {"LAYERS build/model/layers.json", "EVALUATE build/model/layer_evaluation.json"} == {
        command for command in run.commands if command.split()[0] in ("LAYERS", "EVALUATE")
    }
    assert run.output.count("Layers compared with onnxruntime") == 1
    assert layers(project)["inputs"] == 32
    again = project.build("evaluate", count="5")
    assert "(5 inputs)" in again.output and layers(project)["inputs"] == 5
    shown = project.build("evaluate", count="5")
    assert not shown.commands and shown.output.count("Layers compared with onnxruntime") == 1


def test_of_a_tflite_file_with_litert(project: Project) -> None:
    small_network().save(project.path("small.tflite"))
    run = project.build("evaluate", network="small.tflite")
    assert "Layers compared with LiteRT" in run.output
    assert layers(project)["by"] == "LiteRT"


def test_what_is_computed_otherwise_stops_it(project: Project) -> None:
    """A reference whose multipliers are all a little too large."""
    project.replace(
        "codegen/weighted_sum.py", "np.float32(2.0**-self.fraction)", "np.float32(1.01)"
    )
    run = project.scons("evaluate")
    assert run.status != 0
    assert "tiny.onnx: layer 'relu0_q' (Relu): " in run.output
    assert "lie on no rounding boundary" in run.output and "Traceback" not in run.output
