"""Running this package's commands, and the files that they make."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from model.cli import main

REPOSITORY = Path(__file__).resolve().parents[2]


MODULE = ("--module", REPOSITORY / "model" / "guide" / "mnist.py", "--recipe", "guide")
TRAINING = (*MODULE, "--epochs", 1, "--seed", 7)
"""How the products' network is trained: as plain `scons` does, for one epoch."""


def run_model(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run `python -m model` with the arguments and capture what it prints."""
    command = [sys.executable, "-m", "model", *map(str, arguments)]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)


@dataclass(frozen=True)
class Products:
    """The files that the commands write, of a network trained for one epoch."""

    folder: Path

    @property
    def weights(self) -> Path:
        return self.folder / "mnist.pt"

    @property
    def history(self) -> Path:
        return self.folder / "training.json"

    @property
    def onnx(self) -> Path:
        return self.folder / "mnist_model.onnx"

    @property
    def int8(self) -> Path:
        return self.folder / "mnist_model_int8.onnx"

    @property
    def report(self) -> Path:
        return self.folder / "quantization.json"

    def part(self, name: str) -> Path:
        """The .npz file of "calibration", "validation" or "test"."""
        return self.folder / f"{name}.npz"

    def arrays(self, name: str) -> dict[str, Any]:
        """What it holds."""
        with np.load(self.part(name), allow_pickle=False) as stored:
            return {key: stored[key] for key in stored.files}

    def training(self) -> tuple[object, ...]:
        """Options of what `train` writes."""
        names = ("calibration", "validation", "test")
        parts = [word for name in names for word in (f"--{name}", self.part(name))]
        return ("--out", self.weights, "--history", self.history, *parts)

    def quantizing(self) -> tuple[object, ...]:
        """Options of what `quantize` reads."""
        parts = ("--calibration", self.part("calibration"), "--validation", self.part("validation"))
        return ("--onnx", self.onnx, *parts, "--method", "minmax")


def run_here(*arguments: object) -> None:
    """Run a command in this process, which is faster; a `UserError` reaches the caller."""
    main([str(argument) for argument in arguments])


def make_products(data: Path, folder: Path) -> Products:
    """Train for one epoch, export and quantize with the commands."""
    made = Products(folder)
    steps = (
        ("train", "--set", "mnist", data, *TRAINING, *made.training()),
        ("export", *MODULE, "--weights", made.weights, "--out", made.onnx),
        ("quantize", *made.quantizing(), "--out", made.int8, "--report", made.report),
    )
    for step in steps:
        result = run_model(*step)
        assert result.returncode == 0, result.stderr
    return made
