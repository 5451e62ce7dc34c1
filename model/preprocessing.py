"""From stored pixels to what the network reads: the training transform, without augmentation."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from model.module.normalization import BYTES, steps_of
from support.normalization import Step


def scale_pixels(pixels: torch.Tensor) -> torch.Tensor:
    """Return float32 [N, 1, 28, 28], 0 to 1, for pixels uint8 [N, 28, 28]."""
    return pixels.unsqueeze(1).to(torch.float32).div_(255)


@dataclass(frozen=True)
class Normalization:
    """`(pixel / 255 - mean) / std`: torchvision's ToTensor, then Normalize((mean,), (std,)).

    Each step is a float32 operation in the order torchvision does them, so the bits are the same.
    """

    mean: float
    std: float

    @property
    def steps(self) -> tuple[Step, ...]:
        """The same for the firmware, which is given pixels, too."""
        return (BYTES, *steps_of([self.mean], [self.std]))

    def __call__(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return float32 [N, 1, 28, 28] for pixels uint8 [N, 28, 28]."""
        return self.of_scaled(scale_pixels(pixels))

    def of_scaled(self, scaled: torch.Tensor) -> torch.Tensor:
        """Normalize what `scale_pixels` returned, in place, and return it."""
        return scaled.sub_(self.mean).div_(self.std)
