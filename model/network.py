"""The network that is trained: the guide's multilayer perceptron."""

from __future__ import annotations

import torch
from torch import nn

CLASSES = 10
"""Digits 0 to 9; output i is the score of digit i."""


class SimpleNN(nn.Module):
    """784-128-64-10 with ReLU between the layers and raw scores (logits) at the end."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1 = nn.Linear(28 * 28, 128)
        self.fc2 = nn.Linear(128, 64)
        self.fc3 = nn.Linear(64, CLASSES)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return the scores, float32 [N, 10], of normalized images, float32 [N, 1, 28, 28]."""
        hidden = torch.relu(self.fc1(torch.flatten(images, 1)))
        hidden = torch.relu(self.fc2(hidden))
        scores: torch.Tensor = self.fc3(hidden)
        return scores
