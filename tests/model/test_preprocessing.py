"""Normalization is torchvision's, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from model.module.normalization import BYTES, apply, steps_of
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
    steps = (BYTES, *steps_of([mean], [std]))
    ours = apply(steps, pixels[np.newaxis, np.newaxis].astype(np.float32))
    assert torch.equal(torch.from_numpy(ours[0]), transform(pixels))
