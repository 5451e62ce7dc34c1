"""Distortions keep to their limits and to their random numbers."""

from __future__ import annotations

import pytest
import torch

from model.augmentation import Augmentation, distort
from model.guide.mnist import DISTORTION
from model.sources.split import Array

NONE = Augmentation(rotation=0.0, scale=0.0, shear=0.0, shift=0.0)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def centre(images: torch.Tensor) -> torch.Tensor:
    """Centres of mass, [N, 2], in pixels."""
    ramp = torch.arange(images.shape[-1], dtype=torch.float32)
    mass = images.sum(dim=(1, 2, 3))
    x, y = ((images.sum(dim=axis)[:, 0] * ramp).sum(dim=1) / mass for axis in (2, 3))
    return torch.stack([x, y], dim=1)


@pytest.fixture
def digits(few_images: tuple[Array, Array]) -> torch.Tensor:
    return torch.from_numpy(few_images[0][:200]).to(torch.float32) / 255


def test_no_distortion_gives_the_image_back(digits: torch.Tensor) -> None:
    torch.testing.assert_close(distort(digits, NONE, generator()), digits, atol=1e-4, rtol=0)


def test_shift_moves_up_to_its_limit_in_every_direction(digits: torch.Tensor) -> None:
    limits = Augmentation(rotation=0.0, scale=0.0, shear=0.0, shift=2.0)
    padded = torch.nn.functional.pad(digits, (4, 4, 4, 4))
    moved = centre(distort(padded, limits, generator())) - centre(padded)
    assert moved.abs().max() <= 2.01
    assert (moved.max(dim=0).values > 1.5).all()
    assert (moved.min(dim=0).values < -1.5).all()


def test_rotation_turns_by_up_to_its_limit() -> None:
    bar = torch.zeros(500, 1, 28, 28)
    bar[:, :, 13:15, 2:26] = 1
    limits = Augmentation(rotation=10.0, scale=0.0, shear=0.0, shift=0.0)
    turned = distort(bar, limits, generator())
    ramp = torch.arange(28, dtype=torch.float32)
    ends = (turned[:, 0].sum(dim=1) > 0.5).float()
    height = (turned[:, 0] * ramp[:, None]).sum(dim=1) / turned[:, 0].sum(dim=1).clamp(min=1e-6)
    assert (ends[:, 5] * ends[:, 22]).all()
    degrees = torch.rad2deg(torch.atan2(height[:, 22] - height[:, 5], torch.tensor(17.0)))
    assert degrees.abs().max() < 10.5
    assert degrees.max() > 8
    assert degrees.min() < -8


def test_images_are_distorted_differently_and_repeatably(digits: torch.Tensor) -> None:
    same = digits[:1].expand(8, 1, 28, 28)
    first = distort(same, DISTORTION, generator(1))
    assert torch.equal(first, distort(same, DISTORTION, generator(1)))
    assert not torch.equal(first[0], first[1])
    assert not torch.equal(first, distort(same, DISTORTION, generator(2)))


def test_background_stays_background(digits: torch.Tensor) -> None:
    distorted = distort(digits, DISTORTION, generator())
    assert distorted.min() == 0
    assert distorted.max() <= 1.0001
