"""A test part cut off where the data has none; the same each time, whatever trains."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from support.errors import UserError

Array = npt.NDArray[Any]
Data = dict[str, Any]

TEST = 0.2
"""Share of the inputs that tests."""


def check_share(path: object, share: float) -> None:
    """Refuse a share that leaves a part empty.

    Raises:
        UserError: not between 0 and 1.
    """
    if not 0 < share < 1:
        raise UserError(f"{path}: test={share:g}", "give a share between 0 and 1, such as 0.2")


def cut_off(path: object, inputs: Array, labels: Array, share: float = TEST) -> Data:
    """Parts "train" and "test", drawn with a fixed seed.

    Of classes (labels that are no floats) each gives the same share, one at least where it has two.

    Args:
        path: of the data, for messages.

    Raises:
        UserError: so few that one of the parts would be empty.
    """
    draw = np.random.default_rng(0)
    kinds = [np.arange(len(labels))]
    if labels.dtype.kind != "f":
        kinds = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    chosen = np.zeros(len(labels), bool)
    for each in kinds:
        count = max(1, round(share * len(each))) if len(each) > 1 else 0
        chosen[draw.permutation(each)[:count]] = True
    if not chosen.any() or chosen.all():
        classes = labels.dtype.kind != "f" and len(kinds) > 1
        raise UserError(
            f"{path}: no inputs can be drawn for a test part: "
            + (
                f"each of {len(kinds)} classes has one"
                if classes
                else f"there are {len(labels)} in all"
            ),
            "give more of each class; whole numbers that are values, not classes:"
            " sources.csv(…, regression=True), or floats"
            if classes
            else "give more",
        )
    return {"train": (inputs[~chosen], labels[~chosen]), "test": (inputs[chosen], labels[chosen])}
