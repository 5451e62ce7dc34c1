"""Images as the network reads them, and as `.npz` files for the other packages."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from model import dataset
from model.checkpoint import Checkpoint
from model.splits import VALIDATION_IMAGES, calibration_indices, split_indices
from support.files import atomic_path


@dataclass(frozen=True)
class NetworkInputs:
    """Images through the training transform, without augmentation.

    Attributes:
        inputs: float32 [N, 1, 28, 28], normalized as in training.
        labels: uint8 [N], 0 to 9.
    """

    inputs: npt.NDArray[np.float32]
    labels: npt.NDArray[np.uint8]


def read(data: Path, split: str, checkpoint: Checkpoint) -> NetworkInputs:
    """Return images of one split, normalized as the checkpoint's network was trained.

    Args:
        data: folder that holds `MNIST/raw`.
        split: "test", all 10,000 test images in their order; "calibration" or "validation", the
            training images that `model.splits` picks for the checkpoint's seed.
        checkpoint: whose normalization and seed count.

    Raises:
        UserError: the dataset is missing or corrupt.
    """
    images = dataset.load(data, train=split != "test")
    if split == "calibration":
        images = images[calibration_indices(len(images), checkpoint.seed)]
    elif split == "validation":
        images = images[split_indices(len(images), VALIDATION_IMAGES, checkpoint.seed)[1]]
    return NetworkInputs(
        checkpoint.normalization(images.pixels).numpy(), images.labels.numpy().astype(np.uint8)
    )


def write(path: Path, images: NetworkInputs) -> None:
    """Write `inputs` and `labels` as `.npz`, whole or not at all.

    NumPy stores no dates in the archive: the same arrays give the same bytes.
    """
    with atomic_path(path) as temporary:
        np.savez(temporary, inputs=images.inputs, labels=images.labels)
