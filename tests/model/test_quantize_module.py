"""A network that int8 hurts is trained further with int8 simulated; others judge than calibrate."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from model.inference import run as outputs_of
from model.module.fake_quantized import FakeQuantized
from support.errors import UserError
from tests.model.products import run_here

# Weights of a column that says nothing make each neuron's scale so coarse that the others suffer.
MODULE = """\
import numpy as np
import torch
from torch import nn

EPOCHS = 20
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(3000, 8)).astype(np.float32)
Y = (X[:, 1:] @ RANDOM.normal(size=(7, 6))).argmax(1)
X[:, 0] *= 1e-4


def network():
    first = nn.Linear(8, 24)
    with torch.no_grad():
        first.weight[:, 0] = 100
    return nn.Sequential(first, nn.ReLU(), nn.Linear(24, 6))


def data():
    validation = X[2000:2500], Y[2000:2500]
    return {"train": (X[:2000], Y[:2000]), "validation": validation, "test": (X[2500:], Y[2500:])}
"""


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command runs in a process of its own usually, and leaves its folder and path changed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))


@dataclass(frozen=True)
class Trained:
    """A module, trained and exported in a folder."""

    folder: Path

    def quantize(self, to: Path, *more: object) -> None:
        """By the command, into another folder."""
        given = {
            "module": "net.py",
            "weights": "weights.pt",
            "onnx": "float.onnx",
            "calibration": "calibration.npz",
            "validation": "validation.npz",
        }
        words = [word for key, name in given.items() for word in (f"--{key}", self.folder / name)]
        outs = ("--out", to / "int8.onnx", "--report", to / "report.json")
        run_here("quantize", *words, *outs, *more)

    def scores(self, model: Path) -> np.ndarray:
        """What a file gives for the test part, run by onnxruntime."""
        with np.load(self.folder / "test.npz") as stored:
            return outputs_of(onnx.load(model), stored["inputs"], optimize=False)

    def right(self, model: Path) -> float:
        """Share of the test part that a file reads right."""
        with np.load(self.folder / "test.npz") as stored:
            return float(np.mean(self.scores(model).argmax(1) == stored["labels"]))


# Labels far from 0, which the network learns with mean 0 and deviation 1.
REGRESSION = """\
import numpy as np
from torch import nn

EPOCHS = 20
X = np.random.default_rng(0).normal(size=(1200, 4)).astype(np.float32)
Y = 40 + 10 * X[:, 0] + 3 * X[:, 1] ** 2


def network():
    return nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 1))


def data():
    return {"train": (X[:1000], Y[:1000]), "test": (X[1000:], Y[1000:])}
"""


def trained(folder: Path, text: str) -> Trained:
    (folder / "net.py").write_text(text)
    files = {"out": "weights.pt", "history": "training.json"}
    files |= {name: f"{name}.npz" for name in ("calibration", "validation", "test")}
    words = [word for key, name in files.items() for word in (f"--{key}", folder / name)]
    module = ("--module", folder / "net.py")
    run_here("train", *module, *words)
    weights = ("--weights", folder / "weights.pt")
    run_here("export", *module, *weights, "--out", folder / "float.onnx")
    return Trained(folder)


def test_training_on_recovers_what_int8_loses(
    hurt: Trained, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without it the loss is an error where so much is not allowed."""
    with pytest.raises(UserError, match=r"int8 loses [\d.]+ points"):
        hurt.quantize(tmp_path, "--qat", "0", "--max-accuracy-drop", 4)
    assert not (tmp_path / "int8.onnx").exists()
    hurt.quantize(tmp_path, "--qat", "0", "--max-accuracy-drop", 100)
    before = hurt.right(tmp_path / "int8.onnx")
    capsys.readouterr()
    hurt.quantize(tmp_path, "--max-accuracy-drop", 4)
    told = capsys.readouterr()
    assert re.search(r"more than the 4 points that are allowed: training on", told.out)
    assert "after 10 epochs of quantization-aware training" in told.out
    assert "training net, steps" in told.err
    report = json.loads((tmp_path / "report.json").read_text())["calibration"]
    assert report["quantization_aware_epochs"] == 10
    after, real = hurt.right(tmp_path / "int8.onnx"), hurt.right(hurt.folder / "float.onnx")
    assert before < real - 0.05
    assert after > before + 0.02
    # The same again gives the same bytes.
    first = (tmp_path / "int8.onnx").read_bytes()
    hurt.quantize(tmp_path, "--max-accuracy-drop", 4)
    assert (tmp_path / "int8.onnx").read_bytes() == first


@pytest.fixture(scope="module")
def hurt(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    return trained(tmp_path_factory.mktemp("hurt"), MODULE)


def test_a_regression_goes_on_from_where_it_was(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Five epochs at a quarter of the pace would not find the labels' mean of 43 anew."""
    of_values = trained(tmp_path, REGRESSION)
    of_values.quantize(tmp_path, "--qat", "1", "--epochs", 4)
    assert "after 5 epochs of quantization-aware training" in capsys.readouterr().out
    with np.load(tmp_path / "test.npz") as stored:
        labels = stored["targets"]
    before, after = (
        float(np.sqrt(np.mean((of_values.scores(tmp_path / name) - labels) ** 2)))
        for name in ("float.onnx", "int8.onnx")
    )
    assert after < 1.5 * before
    assert before < 3


def test_it_is_asked_for_or_there_is_a_reason(
    hurt: Trained, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hurt.quantize(tmp_path, "--max-accuracy-drop", 50)
    assert "quantization-aware" not in capsys.readouterr().out
    hurt.quantize(tmp_path, "--max-accuracy-drop", 50, "--qat", "1", "--epochs", 2)
    told = capsys.readouterr().out
    assert "qat=1: training on, int8 simulated" in told
    assert "after 5 epochs" in told or "the network stays as it was" in told


def test_who_calibrates_does_not_judge(hurt: Trained, tmp_path: Path) -> None:
    """Validation inputs change what int8 is said to be worth, and no range; training inputs do."""
    reports = {}
    shown = {}
    for name, label in (("as it is", None), ("all of class 0", 0)):
        folder = tmp_path / name
        folder.mkdir()
        files: dict[str, Any] = dict(np.load(hurt.folder / "validation.npz"))
        if label is not None:
            files["labels"] = np.full_like(files["labels"], label)
        np.savez(folder / "validation.npz", **files)
        more = ("--validation", folder / "validation.npz")
        hurt.quantize(folder, "--qat", "0", "--max-accuracy-drop", 100, *more)
        reports[name] = json.loads((folder / "report.json").read_text())["calibration"]
        shown[name] = reports[name]["methods"]
    assert all(each["compared"] == 500 for each in reports.values())
    assert all(each["inputs"] == 1000 for each in reports.values())
    first, second = shown.values()
    assert all(first[method]["right"] > 2 * second[method]["right"] for method in first)


def test_scales_are_the_quantizers() -> None:
    """255 steps of each output channel's largest weight; of an input from 0 to its largest."""
    import torch

    layer = torch.nn.Linear(3, 2, bias=False)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[127.0, 1.4, -0.6], [1.27, 0.014, -0.006]]))
        with FakeQuantized():
            found = layer(torch.tensor([[255.0, 0.0, 0.0], [0.0, 255.0, 0.4], [0.0, 100.4, 0.6]]))
    expected = torch.tensor([[127 * 255, 1.27 * 255], [255, 2.55], [99, 0.99]])
    assert torch.allclose(found, expected, rtol=1e-5)
