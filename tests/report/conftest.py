"""The files of a small build, made by the project's own commands."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from support.files import write_json
from tests.codegen.models import QdqModel, random_layer

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Build:
    """A folder of files and the command that makes their report."""

    folder: Path

    def path(self, name: str) -> Path:
        """A file of the build."""
        return self.folder / name

    def report(self, *more: str, every: bool = True) -> subprocess.CompletedProcess[str]:
        """Make the report of all files, or of the manifest alone."""
        words = ["--manifest", str(self.path("network_manifest.json"))]
        words += ["--kept", str(self.path("report.json")), "--out", str(self.path("report.html"))]
        if every:
            words += ["--model", str(self.path("model.onnx"))]
            words += ["--reference", str(self.path("reference.npz"))]
            for name in ("training", "quantization", "evaluation", "memory", "placement"):
                words += [f"--{name}", str(self.path(f"{name}.json"))]
            for name in ("validation", "profile"):
                words += [f"--{name}", str(self.path(f"{name}.json"))]
        return codegen("report", *words, *more)

    @property
    def html(self) -> str:
        """The page."""
        return self.path("report.html").read_text(encoding="utf-8")


def codegen(*words: str) -> subprocess.CompletedProcess[str]:
    """Run a command of codegen."""
    command = [sys.executable, "-m", "codegen", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def _model(path: Path) -> None:
    """Pictures of 5 x 4 in, four classes out, two layers."""
    rng = np.random.default_rng(11)
    model = QdqModel((1, 1, 5, 4)).qdq(1 / 255, -128).then("Flatten", axis=1)
    weights, bias = random_layer(rng, 9, 20)
    scales = rng.uniform(0.001, 0.01, 9).astype(np.float32)
    unit = np.float32(1 / 255) * scales
    model.gemm(weights, scales, bias, unit.astype(np.float32)).then("Relu").qdq(0.02, -128)
    weights, bias = random_layer(rng, 4, 9)
    model.gemm(weights, 0.01, bias, np.float32(0.02) * np.float32(0.01)).qdq(0.05, 3)
    model.save(path)


MANIFEST = {
    "name": "network",
    "generator": "nn2flash 0.0.0",
    "origin": "model.onnx",
    "model_sha256": "0123456789abcdef" * 4,
    "macs": 216,
    "weights_bytes": 324,
    "activations_bytes": 40,
    "layers": [
        {
            "name": f"gemm_{n}",
            "op": "fully_connected",
            "kernel": "portable",
            "why": "plain C, any processor",
            "macs": macs,
            "constants_bytes": size,
            "scratch_bytes": 0,
        }
        for n, macs, size in ((0, 180, 252), (1, 36, 72))
    ],
    "memory": {
        "steps": [["gemm_0"], ["gemm_1"]],
        "buffers": [
            {"name": "in", "kind": "input", "offset": 0, "bytes": 20, "first": 0, "last": 1},
            {"name": "gemm_0", "kind": "scratch", "offset": 32, "bytes": 8, "first": 0, "last": 1},
            {"name": "hidden", "kind": "tensor", "offset": 20, "bytes": 9, "first": 0, "last": 3},
            {"name": "out", "kind": "output", "offset": 0, "bytes": 4, "first": 2, "last": 4},
        ],
        "needed": {"bytes": 40, "slower_percent": 2.0},
        "others": [
            {"bytes": 32, "slower_percent": 10.0},
            {"bytes": 40, "slower_percent": 2.0},
            {"bytes": 64, "slower_percent": 0.0},
        ],
    },
}
TRAINING = {
    "recipe": "guide",
    "plan": {"epochs": 3, "seed": 4},
    "inputs": {"train": 60, "validation": 20, "test": 10},
    "versions": {"torch": "9.9.9"},
    "history": [
        {"epoch": n, "loss": 1 / n, "training": {"accuracy": 1 - 0.3 / n}} for n in (1, 2, 3)
    ],
}
QUANTIZATION = {
    "calibration": {"inputs": 20, "method": "minmax"},
    "versions": {"onnx": "8.8.8"},
}
EVALUATION = {"float": {"accuracy": 0.75}, "int8": {"accuracy": 0.7}}
SPARE = {"name": "spare", "kind": "ram", "origin": 0}
MEMORY: dict[str, Any] = {
    "regions": [
        {
            "name": "flash",
            "kind": "flash",
            "origin": 0x8000000,
            "length": 1000,
            "used": 400,
            "free": 600,
            "items": [
                {"section": ".text", "address": 0x8000000, "bytes": 100, "note": "", "largest": []},
                {
                    "section": ".nn_weights",
                    "address": 0x8000064,
                    "bytes": 300,
                    "note": "copied to ram at start",
                    "largest": [{"name": "table", "size": 300}],
                },
            ],
        },
        {
            "name": "spare",
            "kind": "ram",
            "origin": 0,
            "length": 64,
            "used": 0,
            "free": 64,
            "items": [],
        },
    ],
    "placement": {
        "weights": {"run": "ram", "load": "flash", "reserved": 296, "linked": 300, "why": "fits"}
    },
}
PLACEMENT = {
    "board": {"name": "toy", "title": "Toy board"},
    "objects": {"weights": {"run": "ram", "load": "flash", "bytes": 300, "why": "fits"}},
}
_EQUAL = {"identical": 160, "total": 160, "received": 160, "first": None}
VALIDATION = {
    "board": "toy",
    "firmware": {"model": MANIFEST["model_sha256"]},
    "kernels": ["portable", "portable"],
    "inputs": 40,
    "done": 40,
    "seconds": 1.5,
    "stopped": "",
    "comparison": _EQUAL,
    "cost": {
        "unit": "instructions",
        "mean": 1234.5,
        "smallest": 1200,
        "largest": 1300,
        "microseconds": None,
    },
    "layers": [
        {"index": 0, "name": "a", "comparison": {**_EQUAL, "identical": 1}, "mean_cost": 900.0},
        {"index": 1, "name": "b", "comparison": None, "mean_cost": None},
    ],
    "first_wrong_layer": "a",
    "passed": False,
}
PROFILE = {
    "model": MANIFEST["model_sha256"],
    "kernels": ["portable", "portable"],
    "inferences": 25,
    "layers": [{"instructions": 654.4}, {"instructions": None}],
}


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Model, reference of 40 labelled inputs, and what the other commands would write."""
    folder = tmp_path_factory.mktemp("report")
    _model(folder / "model.onnx")
    rng = np.random.default_rng(2)
    inputs = rng.integers(-128, 128, (40, 20)).astype(np.int8)
    labels = rng.integers(0, 4, 40).astype(np.uint8)
    np.savez(folder / "inputs.npz", inputs=inputs, labels=labels)
    model = ["--model", str(folder / "model.onnx"), "--inputs", str(folder / "inputs.npz")]
    done = codegen("reference", *model, "--out", str(folder / "reference.npz"))
    assert done.returncode == 0, done.stderr
    for name, content in (
        ("network_manifest", MANIFEST),
        ("training", TRAINING),
        ("quantization", QUANTIZATION),
        ("evaluation", EVALUATION),
        ("memory", MEMORY),
        ("placement", PLACEMENT),
        ("validation", VALIDATION),
        ("profile", PROFILE),
    ):
        write_json(folder / f"{name}.json", content)
    return folder


@pytest.fixture
def build(made: Path, tmp_path: Path) -> Build:
    """A copy of the build that a test may change."""
    for path in made.rglob("*"):
        if path.is_file():
            target = tmp_path / path.relative_to(made)
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(path.read_bytes())
    return Build(tmp_path)
