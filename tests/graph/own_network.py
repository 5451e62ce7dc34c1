"""A network module of a user's, with a module beside it and data in a file: trained in a second."""

from __future__ import annotations

from pathlib import Path

import numpy as np

MODULE = """\
import numpy as np
from torch import nn

from layers_of_mine import HIDDEN

FILES = ["readings.npy"]
EPOCHS = 2


def network():
    return nn.Sequential(nn.Linear(8, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, 4))


def data():
    readings = np.load(FILES[0])
    x, y = readings[:, :8], readings[:, 8].astype(int)
    return {"train": (x[:360], y[:360]), "test": (x[360:], y[360:])}
"""


def write_own_network(folder: Path, stem: str = "gearbox") -> None:
    """`<stem>.py`, `layers_of_mine.py`, `readings.npy`, and a file that none of them knows."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(7)
    inputs = random.normal(size=(400, 8))
    classes = (inputs @ random.normal(size=(8, 4))).argmax(1)
    np.save(folder / "readings.npy", np.c_[inputs, classes].astype(np.float32))
    (folder / "layers_of_mine.py").write_text("HIDDEN = 6\n")
    (folder / "notes.py").write_text("NOTES = 1\n")
    (folder / f"{stem}.py").write_text(MODULE)
