"""Accuracy on labelled inputs: confusion matrix, each class, pictures of what is misclassified."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from codegen.report.pictures import as_grey, png
from codegen.report.sources import Sources
from support.described import CLASS_NAMES, unpacked
from support.scores import ClassScore, of_classes

# More pictures than this make a page nobody looks through.
_MOST_PICTURES = 240
_WIDEST_MATRIX = 26


@dataclass(frozen=True)
class Misclassified:
    """An input with its label, the predicted class, and its picture (or "")."""

    image: int
    label: int
    predicted: int
    picture: str


@dataclass(frozen=True)
class Cell:
    """A count of the confusion matrix, and its share of the label's inputs beside the worst
    other share, 0..1: classes of few inputs show their mistakes as classes of many do."""

    count: int
    share: float


@dataclass(frozen=True)
class Accuracy:
    """All labelled inputs.

    Attributes:
        confusion: [label][predicted]; empty when there are too many classes for a table.
        classes: each class; empty likewise.
        misclassified: those that are shown; `hidden` more are not.
    """

    right: int
    total: int
    confusion: list[list[Cell]]
    classes: list[ClassScore]
    misclassified: list[Misclassified]
    hidden: int
    class_names: tuple[str, ...] = ()

    def named(self, label: int) -> str:
        """A class for people: its name, or its number."""
        return self.class_names[label] if label < len(self.class_names) else str(label)

    @property
    def percent(self) -> float:
        """Accuracy in percent."""
        return 100 * self.right / self.total


def accuracy(sources: Sources) -> Accuracy | None:
    """The reference's decisions; None for inputs without labels."""
    reference = sources.reference
    if "labels" not in reference or not len(reference["labels"]):
        return None
    labels = reference["labels"].astype(np.int64)
    predicted = reference["outputs"].argmax(axis=1)
    count = int(max(reference["outputs"].shape[1], labels.max() + 1))
    confusion = np.zeros((count, count), np.int64)
    np.add.at(confusion, (labels, predicted), 1)
    wrong = np.flatnonzero(labels != predicted)
    shown = wrong[:_MOST_PICTURES]
    shape = tuple(sources.graph.input.shape) if sources.graph else ()
    grey = as_grey(reference["inputs"][shown], shape)
    narrow = count <= _WIDEST_MATRIX
    return Accuracy(
        int(np.trace(confusion)),
        len(labels),
        _cells(confusion) if narrow else [],
        of_classes(confusion.tolist()) if narrow else [],
        [
            Misclassified(
                int(i), int(labels[i]), int(predicted[i]), png(grey[k]) if grey is not None else ""
            )
            for k, i in enumerate(shown)
        ],
        len(wrong) - len(shown),
        unpacked(reference[CLASS_NAMES].tobytes()) if CLASS_NAMES in reference else (),
    )


def _cells(confusion: np.ndarray[tuple[int, int], np.dtype[np.int64]]) -> list[list[Cell]]:
    shares = confusion / np.maximum(1, confusion.sum(axis=1, keepdims=True))
    worst = (shares - np.diag(np.diag(shares))).max() or 1.0
    return [
        [Cell(int(n), min(1.0, float(s / worst))) for n, s in zip(counts, row, strict=True)]
        for counts, row in zip(confusion, shares, strict=True)
    ]
