"""The .npz files: normalized as in training, in order, the same bytes each time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from model import checkpoint, dataset, images
from model.splits import calibration_indices
from tests.model.products import Products, run_model


@pytest.mark.parametrize(("split", "count"), [("test", 10_000), ("calibration", 2_000)])
def test_contract(
    products: Products, mnist_dir: Path, tmp_path: Path, split: str, count: int
) -> None:
    result = run_model(
        "images",
        "--data",
        mnist_dir,
        "--split",
        split,
        "--checkpoint",
        products.checkpoint,
        "--out",
        tmp_path / "first.npz",
    )
    assert result.returncode == 0, result.stderr
    again = images.read(mnist_dir, split, checkpoint.load(products.checkpoint))
    images.write(tmp_path / "second.npz", again)
    assert (tmp_path / "first.npz").read_bytes() == (tmp_path / "second.npz").read_bytes()

    stored = np.load(tmp_path / "first.npz", allow_pickle=False)
    assert stored.files == ["inputs", "labels"]
    assert (stored["inputs"].dtype, stored["labels"].dtype) == (np.float32, np.uint8)
    assert stored["inputs"].shape == (count, 1, 28, 28)
    assert (stored["inputs"].min(), stored["inputs"].max()) == (-1, 1)

    original = dataset.load(mnist_dir, train=split != "test")
    if split == "calibration":
        seed = checkpoint.load(products.checkpoint).seed
        original = original[calibration_indices(len(original), seed)]
    pixels = np.rint((stored["inputs"][:, 0] + 1) * 127.5).astype(np.uint8)
    np.testing.assert_array_equal(pixels, original.pixels.numpy())
    np.testing.assert_array_equal(stored["labels"], original.labels.numpy())
