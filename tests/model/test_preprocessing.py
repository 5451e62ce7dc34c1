"""Normalization is torchvision's, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from model.module.normalization import apply
from model.preprocessing import Normalization
from model.torchvision_import import torchvision


@pytest.mark.parametrize(("mean", "std"), [(0.5, 0.5), (0.1307, 0.3081), (0.0, 1.0)])
def test_every_pixel_value_becomes_what_torchvision_makes_of_it(mean: float, std: float) -> None:
    pixels = np.resize(np.arange(256, dtype=np.uint8), (28, 28))
    transform = torchvision.transforms.Compose(
        [
            torchvision.transforms.ToTensor(),
            torchvision.transforms.Normalize((mean,), (std,)),
        ]
    )
    ours = Normalization(mean, std)(torch.from_numpy(pixels)[np.newaxis])
    assert ours.shape == (1, 1, 28, 28)
    assert torch.equal(ours[0], transform(pixels))
    # And what the firmware is told makes the same of the same pixels.
    steps = Normalization(mean, std).steps
    assert np.array_equal(apply(steps, pixels.astype(np.float32)), ours[0, 0].numpy())
