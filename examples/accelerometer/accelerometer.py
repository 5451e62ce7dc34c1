"""What somebody does who wears a smart watch: standing, walking, running, playing badminton.

Real recordings, BasicMotions: acceleration and angular rate on three axes each, ten times a second
for ten seconds. The build fetches them with pip; docs/your-network.md tells where they are from.

scons model=examples/accelerometer/accelerometer.py run
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

DATA = "basic_motions"
EPOCHS = 150
BATCH_SIZE = 16
RANDOM = torch.Generator().manual_seed(0)
EACH = 4
"""One training recording of so many validates."""


def network() -> nn.Module:
    """Recordings [N, 6, 100] to a score for each activity: 4,484 weights."""
    return nn.Sequential(
        nn.Conv1d(6, 16, 7, stride=2, padding=3),
        nn.ReLU(),
        nn.Conv1d(16, 24, 5, stride=2, padding=2),
        nn.ReLU(),
        nn.Conv1d(24, 24, 3, padding=1),
        nn.ReLU(),
        nn.AvgPool1d(25),
        nn.Flatten(),
        nn.Linear(24, 4),
    )


def augment(inputs: torch.Tensor) -> torch.Tensor:
    """Begun at another moment, harder or softer, and with noise of the sensor's, each time.

    So thirty recordings are many: what a movement is like counts, not when it was begun.
    """
    count, _, length = inputs.shape
    starts = torch.randint(0, length, (count, 1, 1), generator=RANDOM)
    at = ((torch.arange(length) + starts) % length).expand_as(inputs)
    force = torch.exp(0.2 * torch.randn((count, 1, 1), generator=RANDOM))
    noise = 0.05 * torch.randn(inputs.shape, generator=RANDOM)
    return force * inputs.gather(2, at) + noise


def data(given: dict[str, Any]) -> dict[str, Any]:
    """The set's own parts; each fourth training recording validates."""
    inputs, labels = given["train"]
    judges = [index % EACH == 0 for index in range(len(labels))]
    learnt = [not judge for judge in judges]
    return {
        **given,
        "train": (inputs[learnt], labels[learnt]),
        "validation": (inputs[judges], labels[judges]),
    }
