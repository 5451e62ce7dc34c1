"""Splits depend on the seed alone and do not overlap."""

from __future__ import annotations

import torch

from model.splits import CALIBRATION_IMAGES, calibration_indices, split_indices


def test_split_covers_everything_once() -> None:
    fit, held_back = split_indices(1000, 100, seed=3)
    assert (len(fit), len(held_back)) == (900, 100)
    assert torch.cat([fit, held_back]).sort().values.tolist() == list(range(1000))


def test_split_is_a_function_of_the_seed_alone() -> None:
    first = split_indices(1000, 100, seed=3)
    torch.manual_seed(99)
    second = split_indices(1000, 100, seed=3)
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    assert not torch.equal(first[1], split_indices(1000, 100, seed=4)[1])


def test_calibration_never_sees_the_images_that_judge_it() -> None:
    calibration = calibration_indices(60_000, seed=0)
    _, held_back = split_indices(60_000, 5_000, seed=0)
    assert len(set(calibration.tolist())) == CALIBRATION_IMAGES
    assert not set(calibration.tolist()) & set(held_back.tolist())
