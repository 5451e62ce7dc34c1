"""Sets of data that are fetched, by the names that `DATA`, `data=` and `inputs=` know them by.

What a set is stands here, for the build to read; how it is fetched and read, in `model/sources/`.
A set is told by its files' sums: wherever they come from, they are compared with these before use.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DataFile:
    """One file: its name, its size in bytes and its SHA-256 (hex)."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class DataSet:
    """A set of data.

    Attributes:
        title: what people call it.
        folder: where its files lie below the folder of all sets.
        files: all of them.
        inputs: names of those that hold inputs and labels to try a given network with, in a format
            that `python -m codegen inputs` reads, inputs first; () where there are none.
    """

    title: str
    folder: str
    files: tuple[DataFile, ...]
    inputs: tuple[str, ...] = ()


# The folder is where torchvision.datasets.MNIST looks; the sums are those of the files as published
# by Y. LeCun, C. Cortes and C. Burges.
MNIST = DataSet(
    "MNIST",
    "MNIST/raw",
    (
        DataFile(
            "train-images-idx3-ubyte",
            47_040_016,
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        ),
        DataFile(
            "train-labels-idx1-ubyte",
            60_008,
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        ),
        DataFile(
            "t10k-images-idx3-ubyte",
            7_840_016,
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        ),
        DataFile(
            "t10k-labels-idx1-ubyte",
            10_008,
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ),
    ),
    inputs=("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
)

# As aeon 1.6.0 has them, a Python package; their first lines tell how they were recorded.
BASIC_MOTIONS = DataSet(
    "BasicMotions",
    "BasicMotions",
    (
        DataFile(
            "BasicMotions_TRAIN.ts",
            227_790,
            "8dc43cc6306cb679c888c01e26f91772ac4441a916da43bac8b79734a538b9d6",
        ),
        DataFile(
            "BasicMotions_TEST.ts",
            227_713,
            "79213102bc6fca1a398ad98ce1185dff0208fa3d1465e687f48288946b0ff8dc",
        ),
    ),
)

SETS = {"mnist": MNIST, "basic_motions": BASIC_MOTIONS}
TRIED = {name: each for name, each in SETS.items() if each.inputs}
"""Those that a given network can be tried with."""
