"""Running this package's commands, and the files that they make."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from model.cli import main

REPOSITORY = Path(__file__).resolve().parents[2]


TRAINING = ("--recipe", "guide", "--epochs", 1, "--seed", 7)
"""How the products' network is trained."""


def run_model(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run `python -m model` with the arguments and capture what it prints."""
    command = [sys.executable, "-m", "model", *map(str, arguments)]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)


@dataclass(frozen=True)
class Products:
    """The files that the commands write, of a network trained for one epoch."""

    folder: Path

    @property
    def checkpoint(self) -> Path:
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


def run_here(*arguments: object) -> None:
    """Run a command in this process, which is faster; a `UserError` reaches the caller."""
    main([str(argument) for argument in arguments])


def make_products(data: Path, folder: Path) -> Products:
    """Train for one epoch, export and quantize with the commands."""
    made = Products(folder)
    checkpoint = ("--checkpoint", made.checkpoint)
    files = ("--onnx", made.onnx, "--out", made.int8, "--report", made.report)
    steps = (
        ("train", "--data", data, *TRAINING, "--out", made.checkpoint, "--history", made.history),
        ("onnx", *checkpoint, "--out", made.onnx),
        ("quantize", "--data", data, *checkpoint, *files),
    )
    for step in steps:
        result = run_model(*step)
        assert result.returncode == 0, result.stderr
    return made
