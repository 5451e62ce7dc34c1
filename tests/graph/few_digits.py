"""MNIST with few of its images: training takes seconds, through the same arrows of the graph."""

from __future__ import annotations

from pathlib import Path

from model.guide.mnist import CALIBRATION_IMAGES, VALIDATION_IMAGES
from model.sources.mnist import MNIST
from support.data_sets import DataFile
from support.files import sha256_file
from support.removal import remove_temporary_folder
from tests.graph.project import Project

EDITED = SOURCE, MODULE = "support/data_sets.py", "model/guide/mnist.py"
# Images of each part; the splits of a training in proportion.
TRAINING, TEST = 3_000, 1_000
SPLITS = {
    "VALIDATION_IMAGES": (VALIDATION_IMAGES, 500),
    "CALIBRATION_IMAGES": (CALIBRATION_IMAGES, 100),
}


def few_of(raw: DataFile, data: bytes) -> bytes:
    """An IDX file's first images or labels: the magic's last byte tells how many dimensions."""
    count = TRAINING if raw.name.startswith("train") else TEST
    header = 4 + 4 * data[3]
    whole = int.from_bytes(data[4:8], "big")
    each = (len(data) - header) // whole
    return data[:4] + count.to_bytes(4, "big") + data[8 : header + count * each]


def use_few_digits(project: Project, mnist: Path, folder: Path) -> None:
    """Write few of MNIST's images below `folder`, and have the copy of the project expect them."""
    MNIST.folder(folder).mkdir(parents=True)
    for raw in MNIST.facts.files:
        path = MNIST.folder(folder) / raw.name
        path.write_bytes(few_of(raw, (MNIST.folder(mnist) / raw.name).read_bytes()))
        project.replace(SOURCE, f"{raw.size:_}", str(path.stat().st_size))
        project.replace(SOURCE, raw.sha256, sha256_file(path))
    for name, (usual, few) in SPLITS.items():
        project.replace(MODULE, f"{name} = {usual:_}", f"{name} = {few}")
    for name in EDITED:
        cache = project.path(name).with_name("__pycache__")
        if cache.is_dir():
            remove_temporary_folder(cache)
