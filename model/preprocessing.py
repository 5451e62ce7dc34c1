"""From stored pixels to what the network reads: the training transform, without augmentation."""

from __future__ import annotations

from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Normalization:
    """`(pixel / 255 - mean) / std`: torchvision's ToTensor, then Normalize((mean,), (std,)).

    Each step is a float32 operation in the order torchvision does them, so the bits are the same.
    """

    mean: float
    std: float

    def __call__(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return float32 [N, 1, 28, 28] for pixels uint8 [N, 28, 28]."""
        scaled = pixels.unsqueeze(1).to(torch.float32).div_(255)
        return scaled.sub_(self.mean).div_(self.std)
