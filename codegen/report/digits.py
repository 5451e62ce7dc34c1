"""How the network reads the test set: right and wrong, with pictures of what it misread."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from codegen.report.pictures import as_grey, png
from codegen.report.sources import Sources

# More pictures than this make a page nobody looks through.
_MOST_PICTURES = 240
_WIDEST_MATRIX = 26


@dataclass(frozen=True)
class Misread:
    """An input with its label, what it was taken for, and its picture (or "")."""

    image: int
    label: int
    read: int
    picture: str


@dataclass(frozen=True)
class Reading:
    """The whole test set.

    Attributes:
        confusion: [label][read as] counts; empty when there are too many classes for a table.
        worst: largest count off the diagonal, at least 1.
    """

    right: int
    total: int
    confusion: list[list[int]]
    worst: int
    misread: list[Misread]
    hidden: int

    @property
    def percent(self) -> float:
        """Accuracy in percent."""
        return 100 * self.right / self.total


def reading(sources: Sources) -> Reading | None:
    """The reference's decisions; None for inputs without labels."""
    reference = sources.reference
    if "labels" not in reference or not len(reference["labels"]):
        return None
    labels = reference["labels"].astype(np.int64)
    read = reference["outputs"].argmax(axis=1)
    classes = int(max(reference["outputs"].shape[1], labels.max() + 1))
    confusion = np.zeros((classes, classes), np.int64)
    np.add.at(confusion, (labels, read), 1)
    wrong = np.flatnonzero(labels != read)
    shown = wrong[:_MOST_PICTURES]
    shape = tuple(sources.graph.input.shape) if sources.graph else ()
    grey = as_grey(reference["inputs"][shown], shape)
    off = confusion - np.diag(np.diag(confusion))
    return Reading(
        int(np.trace(confusion)),
        len(labels),
        confusion.tolist() if classes <= _WIDEST_MATRIX else [],
        int(max(1, off.max())),
        [
            Misread(int(i), int(labels[i]), int(read[i]), png(grey[k]) if grey is not None else "")
            for k, i in enumerate(shown)
        ],
        len(wrong) - len(shown),
    )
