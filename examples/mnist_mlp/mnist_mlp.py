"""Handwritten digits by the multilayer perceptron of the guide.

scons model=examples/mnist_mlp/mnist_mlp.py run
"""

from __future__ import annotations

import torch
from torch import nn

from model.augmentation import Augmentation, distort

DATA = "mnist"
SUBSET = "mnist_test_subset"
EPOCHS = 50
BATCH_SIZE = 128
LEARNING_RATE = 0.004

LIMITS = Augmentation(rotation=10.0, scale=0.1, shear=8.0, shift=1.5)
RANDOM = torch.Generator().manual_seed(0)


class SimpleNN(nn.Module):
    """784-128-64-10 with ReLU between the layers and raw scores at the end."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1 = nn.Linear(28 * 28, 128)
        self.fc2 = nn.Linear(128, 64)
        self.fc3 = nn.Linear(64, 10)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Images [N, 1, 28, 28], 0 to 1, to ten scores."""
        hidden = torch.relu(self.fc1(torch.flatten(images, 1)))
        hidden = torch.relu(self.fc2(hidden))
        scores: torch.Tensor = self.fc3(hidden)
        return scores


def network() -> nn.Module:
    """The guide's, 109,000 weights."""
    return SimpleNN()


def augment(images: torch.Tensor) -> torch.Tensor:
    """Each image turned, scaled, sheared and shifted a little, another way each time."""
    return distort(images, LIMITS, RANDOM)
