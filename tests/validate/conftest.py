"""A toy's firmware, what it should compute, and the command that compares both."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from support.files import write_json
from tests.protocol.conftest import toy  # noqa: F401 - a fixture
from tests.protocol.toys import ROOT, board_toml, toy_inputs, toy_layers, toy_outputs

IMAGES = 60


@dataclass(frozen=True)
class Case:
    """Files of one validation of the toy.

    Attributes:
        arrays: what goes into reference.npz; tests change it before they run.
    """

    folder: Path
    board: str
    elf: Path
    arrays: dict[str, Any]

    def command(self, *more: str) -> list[str]:
        """The command line; writes the files first."""
        np.savez(self.folder / "reference.npz", **self.arrays)
        manifest = {"model_sha256": "70ffee", "layers": [{"name": "double"}, {"name": "sum"}]}
        if not (self.folder / "manifest.json").exists():
            write_json(self.folder / "manifest.json", manifest)
        words = ["--board", str(board_toml(self.board)), "--elf", str(self.elf)]
        for name in ("reference.npz", "manifest.json", "json", "junit"):
            words += [f"--{Path(name).stem}", str(self.folder / name)]
        return [sys.executable, "-m", "device", "validate", *words, *more]

    def run(self, *more: str) -> subprocess.CompletedProcess[str]:
        """Run it."""
        return subprocess.run(
            self.command(*more), cwd=ROOT, capture_output=True, text=True, check=False
        )


@pytest.fixture
def case(tmp_path: Path, toy: Callable[[str], Path]) -> Callable[..., Case]:  # noqa: F811
    """case(board="host", images=60): the toy, with labels that are right two times in three."""

    def make(board: str = "host", images: int = IMAGES) -> Case:
        inputs = toy_inputs(images)
        outputs = toy_outputs(inputs)
        labels = outputs.argmax(axis=1).astype(np.uint8)
        labels[::3] = (labels[::3] + 1) % outputs.shape[1]
        layers = {f"layer_{i}": values for i, values in toy_layers(inputs).items()}
        arrays = {"inputs": inputs, "outputs": outputs, "labels": labels, **layers}
        return Case(tmp_path, board, toy(board), arrays)

    return make
