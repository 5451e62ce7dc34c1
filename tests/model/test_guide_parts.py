"""The .npz files of the guide's network: normalized as in training, in order."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from model.guide.mnist import calibration_indices, split_indices
from model.sources.mnist import MNIST
from tests.model.products import Products


@pytest.mark.parametrize(
    ("part", "count"), [("test", 10_000), ("calibration", 2_000), ("validation", 5_000)]
)
def test_contract(products: Products, mnist_dir: Path, part: str, count: int) -> None:
    stored = products.arrays(part)
    assert list(stored) == ["inputs", "labels"]
    assert (stored["inputs"].dtype, stored["labels"].dtype) == (np.float32, np.int64)
    assert stored["inputs"].shape == (count, 1, 28, 28)
    assert (stored["inputs"].min(), stored["inputs"].max()) == (-1, 1)

    images, labels = MNIST.read(mnist_dir)["test" if part == "test" else "train"]
    if part != "test":
        chosen = calibration_indices(60_000, 7)
        if part == "validation":
            chosen = split_indices(60_000, 5_000, 7)[1]
        images, labels = images[chosen], labels[chosen]
    pixels = np.rint((stored["inputs"] + 1) * 127.5).astype(np.uint8)
    np.testing.assert_array_equal(pixels, images)
    np.testing.assert_array_equal(stored["labels"], labels)
