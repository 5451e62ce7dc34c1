"""What a fan does, from an accelerometer on its housing: off, running, unbalanced, a worn bearing.

The recordings are synthetic: make_recordings.py computed them. Put your own in their place.

scons model=examples/accelerometer/accelerometer.py run
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from model import sources

FILES = ["recordings.csv", "test_recordings.csv"]
EPOCHS = 100
RANDOM = torch.Generator().manual_seed(0)
WINDOW, STEP = 128, 16  # rows of 2.5 ms: 0.32 s, from every 40 ms on


def network() -> nn.Module:
    """Windows [N, 3, 128] to a score for each state: 3,700 weights."""
    return nn.Sequential(
        nn.Conv1d(3, 12, 9, stride=2, padding=4),
        nn.ReLU(),
        nn.Conv1d(12, 16, 7, stride=2, padding=3),
        nn.ReLU(),
        nn.Conv1d(16, 24, 5, stride=2, padding=2),
        nn.ReLU(),
        nn.AvgPool1d(16),
        nn.Flatten(),
        nn.Linear(24, 4),
    )


def augment(inputs: torch.Tensor) -> torch.Tensor:
    """Mounted otherwise each time: gravity's share of each axis, its sign, and the force.

    Without it, the network learns by heart how the few fans it saw were mounted.
    """
    count = len(inputs)
    share = torch.randn((count, 3, 1), generator=RANDOM)
    sign = torch.randint(0, 2, (count, 3, 1), generator=RANDOM) * 2.0 - 1
    force = torch.exp(0.2 * torch.randn((count, 1, 1), generator=RANDOM))
    moved = inputs - inputs.mean(dim=2, keepdim=True)
    return inputs.mean(dim=2, keepdim=True) + share + sign * force * moved


def data() -> dict[str, Any]:
    """Windows of ax, ay, az; the test part has other recordings, of another speed and mounting."""
    return sources.csv(
        FILES[0], target="state", group="recording", window=WINDOW, step=STEP, test=FILES[1]
    )
