"""Random affine distortion of a batch of images, drawn per image."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch.nn.functional import affine_grid, grid_sample


@dataclass(frozen=True)
class Augmentation:
    """Largest random distortion of a training image, each drawn uniformly from ± the value.

    Attributes:
        rotation: degrees.
        scale: relative change of size, per axis.
        shear: degrees.
        shift: pixels, per axis.
    """

    rotation: float
    scale: float
    shear: float
    shift: float


def distort(images: torch.Tensor, limits: Augmentation, generator: torch.Generator) -> torch.Tensor:
    """Rotate, scale, shear and shift each image at random, with bilinear interpolation.

    Args:
        images: float32 [N, 1, H, W] with background 0, which also fills in from outside.
        limits: the largest distortion of each kind.
        generator: where the random numbers come from.

    Returns:
        float32 [N, 1, H, W].
    """
    count, _, height, width = images.shape
    random = torch.rand(6, count, generator=generator) * 2 - 1
    angle = random[0] * math.radians(limits.rotation)
    scale_x, scale_y = 1 + random[1] * limits.scale, 1 + random[2] * limits.scale
    shear = torch.tan(random[3] * math.radians(limits.shear))
    # Coordinates run from -1 to 1 across the image.
    shift_x, shift_y = random[4] * 2 * limits.shift / width, random[5] * 2 * limits.shift / height
    cos, sin = torch.cos(angle), torch.sin(angle)
    # Rotation times shear times scale, from output to input coordinates.
    row_x = torch.stack([cos * scale_x, (cos * shear - sin) * scale_y, shift_x], dim=1)
    row_y = torch.stack([sin * scale_x, (sin * shear + cos) * scale_y, shift_y], dim=1)
    grid = affine_grid(
        torch.stack([row_x, row_y], dim=1), [count, 1, height, width], align_corners=False
    )
    return grid_sample(images, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
