"""Data without code: what a path is decides how it is read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from model.sources.arrays import arrays
from model.sources.folders import images
from model.sources.idx import idx, is_idx
from model.sources.known_sets import SETS
from model.sources.split import Data
from model.sources.tables import csv
from support.errors import UserError
from support.files import CHECK_PATH

KINDS = ".npz, .npy, .csv, a folder of IDX files, or one with a folder of images for each class"


def read(path: str | Path) -> Data:
    """Parts of a file or folder, by the reader of its kind with its defaults.

    Raises:
        UserError: nothing that can be read, or what its reader finds wrong.
    """
    place = Path(path)
    if place.is_dir():
        return idx(place) if any(is_idx(each) for each in place.iterdir()) else images(place)
    kind = place.suffix.lower()
    if kind in (".npz", ".npy"):
        return arrays(place)
    if kind in (".csv", ".tsv"):
        return csv(place)
    if not place.exists():
        raise UserError(f"{place}: no such file or folder", CHECK_PATH)
    raise UserError(f"{place}: is of no kind that is known", f"give {KINDS}")


@dataclass(frozen=True)
class Source:
    """What a training is given instead of, or for, a module's `data()`.

    Attributes:
        path: absolute; of a file or folder, or of the folder that fetched sets lie below.
        name: of a fetched set; "" for a file or folder of the user's.
    """

    path: Path
    name: str = ""

    def files(self) -> list[Path]:
        """What may be read of it.

        Raises:
            UserError: one of a fetched set's files is missing or another.
        """
        return SETS[self.name].checked(self.path) if self.name else [self.path]

    def read(self) -> Data:
        """Its parts.

        Raises:
            UserError: what its reader finds wrong.
        """
        return SETS[self.name].read(self.path) if self.name else read(self.path)
