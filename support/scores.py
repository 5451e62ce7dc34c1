"""What a network is worth on labelled inputs: of a regression, and of each class.

Plain numbers in, plain numbers out: packages that do not know each other say the same.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class RegressionScore:
    """How far values are from their labels.

    Attributes:
        rmse: the root of the mean square error, in the labels' unit.
        r2: 1 - Σ(y - ŷ)² / Σ(y - ȳ)², 0 for whoever always says the mean; None for labels that are
            all equal.
        largest: the largest error's size, and `at`, the number of its input.
    """

    rmse: float
    r2: float | None
    largest: float
    at: int


def of_values(
    labels: Sequence[Sequence[float]], outputs: Sequence[Sequence[float]]
) -> RegressionScore:
    """The score of all values together.

    Args:
        labels: for each value of the output, what it should be for each input, at least one.
        outputs: what it is, alike.
    """
    squares, spreads, count = [], [], 0
    largest, at = 0.0, 0
    for label, output in zip(labels, outputs, strict=True):
        mean = math.fsum(label) / len(label)
        errors = [y - found for y, found in zip(label, output, strict=True)]
        squares.append(math.fsum(error * error for error in errors))
        spreads.append(math.fsum((y - mean) ** 2 for y in label))
        count += len(label)
        worst = max(range(len(errors)), key=lambda index: abs(errors[index]))
        if abs(errors[worst]) > largest:
            largest, at = abs(errors[worst]), worst
    total, spread = math.fsum(squares), math.fsum(spreads)
    return RegressionScore(
        math.sqrt(total / count), 1 - total / spread if spread else None, largest, at
    )


@dataclass(frozen=True)
class ClassScore:
    """One class: inputs with its label, of them right; inputs predicted as it.

    Attributes:
        recall, precision: right of the labelled, right of the predicted, in percent, or None.
    """

    label: int
    labelled: int
    right: int
    predicted: int
    recall: float | None
    precision: float | None


def of_classes(confusion: Sequence[Sequence[int]]) -> list[ClassScore]:
    """The score of each class by counts [label][predicted]."""
    found = []
    for label, row in enumerate(confusion):
        labelled, predicted, right = sum(row), sum(each[label] for each in confusion), row[label]
        recall = 100 * right / labelled if labelled else None
        precision = 100 * right / predicted if predicted else None
        found.append(ClassScore(label, labelled, right, predicted, recall, precision))
    return found
