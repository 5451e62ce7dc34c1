"""How training changed what a person knows as the input: pixels, or readings of sensors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from support.errors import UserError
from support.files import read_json


@dataclass(frozen=True)
class Training:
    """What is known of a network's input besides its shape.

    Attributes:
        mean, std: a value x became (x - mean) / std; one for all, or for each column or channel.
        columns: names of a table's columns; () where it was none, or they are not known.
        preprocessed: a module's own code changed the inputs, too.
    """

    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)
    columns: tuple[str, ...] = ()
    preprocessed: bool = False


def read_training(path: str) -> Training:
    """What training.json tells of the data's normalization.

    Raises:
        UserError: missing, or neither.
    """
    content = read_json(path)
    try:
        mean, std = content["mean"], content["std"]
        return Training(
            (0.0,) if mean is None else tuple(map(float, np.ravel(mean))),
            (1.0,) if std is None else tuple(map(float, np.ravel(std))),
            tuple(map(str, content.get("columns") or ())),
            bool(content.get("preprocess", False)),
        )
    except (KeyError, TypeError, ValueError):
        raise UserError(f"{path}: tells no normalization", "build it again") from None


def parse_normalization(text: str) -> Training:
    """`MEAN,STD`.

    Raises:
        UserError: something else, or a deviation that is not positive.
    """
    try:
        mean, std = (float(part) for part in text.split(","))
    except ValueError:
        raise UserError(f"'{text}' is not MEAN,STD", "for example 0.5,0.5") from None
    if not (np.isfinite([mean, std]).all() and std > 0):
        raise UserError(f"'{text}': the deviation must be positive", "for example 0.5,0.5")
    return Training((mean,), (std,))
