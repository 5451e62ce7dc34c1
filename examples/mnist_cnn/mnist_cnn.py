"""Handwritten digits by a small convolutional network.

scons model=examples/mnist_cnn/mnist_cnn.py run
"""

from __future__ import annotations

import torch
from torch import nn

from model.augmentation import Augmentation, distort

DATA = "mnist"
SUBSET = "mnist_test_subset"
EPOCHS = 12
BATCH_SIZE = 128
LEARNING_RATE = 0.01

LIMITS = Augmentation(rotation=10.0, scale=0.1, shear=8.0, shift=1.5)
RANDOM = torch.Generator().manual_seed(0)


def block(inputs: int, outputs: int, size: int, stride: int = 1) -> list[nn.Module]:
    """Convolution, normalization (which the export makes part of it), ReLU."""
    padding = size // 2
    return [
        nn.Conv2d(inputs, outputs, size, stride=stride, padding=padding, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    ]


def network() -> nn.Module:
    """Images [N, 1, 28, 28], 0 to 1, to ten scores: 23,000 weights."""
    return nn.Sequential(
        *block(1, 16, size=5, stride=2),
        *block(16, 32, size=3),
        nn.MaxPool2d(2),
        *block(32, 48, size=3),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(48 * 3 * 3, 10),
    )


def augment(images: torch.Tensor) -> torch.Tensor:
    """Each image turned, scaled, sheared and shifted a little, another way each time."""
    return distort(images, LIMITS, RANDOM)
