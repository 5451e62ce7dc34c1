"""Network modules that train in a moment, and what `train` makes of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from tests.model.products import run_here

HEAD = """\
import numpy as np
import torch
from torch import nn

"""

NETWORK = """\
def network():
    return nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 3))

"""

ARRAYS = """\
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(300, 8)).astype(np.float32)
Y = (X @ RANDOM.normal(size=(8, 3))).argmax(1)

"""

DATA = """\
def data():
    return {"train": (X[:200], Y[:200]), "test": (X[200:], Y[200:])}
"""

LAYER = """\
class Layer(nn.Linear):
    def forward(self, x):
        return %s

def network():
    return Layer(8, 3)

"""
QUICK = "EPOCHS = 2\n"

GOOD = HEAD + NETWORK + ARRAYS + DATA + QUICK

REGRESSION = (
    HEAD + NETWORK.replace("16, 3", "16, 1") + ARRAYS + "Y = 1013 + 20 * X[:, 0]\n" + DATA + QUICK
)


@dataclass(frozen=True)
class Trained:
    """What `train` wrote."""

    folder: Path

    @property
    def history(self) -> Any:
        return json.loads((self.folder / "training.json").read_text())

    def arrays(self, name: str) -> dict[str, Any]:
        with np.load(self.folder / f"{name}.npz") as stored:
            return {key: stored[key] for key in stored.files}

    def network(self, *more: object) -> onnx.ModelProto:
        """Exported, by the command."""
        weights, out = self.folder / "weights.pt", self.folder / "float.onnx"
        module = (
            "--module",
            self.folder / "net.py",
            "--calibration",
            self.folder / "calibration.npz",
        )
        run_here("export", *module, *more, "--weights", weights, "--out", out)
        return onnx.load(out)


def train(folder: Path, text: str, *more: object, name: str = "net.py") -> Trained:
    (folder / name).write_text(text)
    files = {
        "out": "weights.pt",
        "history": "training.json",
        "calibration": "calibration.npz",
        "validation": "validation.npz",
        "test": "test.npz",
    }
    words = [word for key, name in files.items() for word in (f"--{key}", folder / name)]
    run_here("train", "--module", folder / name, *words, *more)
    return Trained(folder)


def line_of(text: str, start: str) -> int:
    return next(n for n, line in enumerate(text.splitlines(), 1) if line.startswith(start))
