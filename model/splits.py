"""Which training images validate, and which calibrate: a function of the seed alone."""

from __future__ import annotations

import torch

VALIDATION_IMAGES = 5_000
"""Of the training set, for every choice; the test set is for final figures only."""

CALIBRATION_IMAGES = 2_000
"""Training images that set the ranges of the activations."""


def split_indices(count: int, held_back: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the indices of `count` training images to fit on and to validate with.

    The generator is its own, so that the split does not depend on what else was drawn.

    Returns:
        two int64 arrays, [count - held_back] and [held_back], without common elements, sorted.
    """
    order = torch.randperm(count, generator=torch.Generator().manual_seed(seed))
    return order[held_back:].sort().values, order[:held_back].sort().values


def calibration_indices(count: int, seed: int) -> torch.Tensor:
    """Return the indices, int64 [CALIBRATION_IMAGES], of the calibration images.

    They are taken from those that `split_indices` fits on, so that a choice among calibration
    methods can be made on the validation images.
    """
    fit, _ = split_indices(count, VALIDATION_IMAGES, seed)
    order = torch.randperm(len(fit), generator=torch.Generator().manual_seed(seed + 1))
    return fit[order[:CALIBRATION_IMAGES]].sort().values
