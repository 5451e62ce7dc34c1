"""Data without code: what a path is decides how it is read."""

from __future__ import annotations

from pathlib import Path

from model.sources.arrays import arrays
from model.sources.folders import images
from model.sources.idx import idx, is_idx
from model.sources.split import Data
from model.sources.tables import csv
from support.errors import UserError

KINDS = ".npz, .npy, .csv, a folder of IDX files, or one with a folder of images for each class"


def read(path: str | Path) -> Data:
    """Parts of a file or folder, by the reader of its kind with its defaults.

    Raises:
        UserError: nothing that can be read, or what its reader finds wrong.
    """
    place = Path(path)
    if place.is_dir():
        return idx(place) if any(is_idx(each) for each in place.iterdir()) else images(place)
    if place.suffix in (".npz", ".npy"):
        return arrays(place)
    if place.suffix in (".csv", ".tsv"):
        return csv(place)
    if not place.exists():
        raise UserError(f"{place}: no such file or folder")
    raise UserError(f"{place}: is of no kind that is known", f"give {KINDS}")
