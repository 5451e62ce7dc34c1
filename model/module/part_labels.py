"""Labels as numbers from 0 up with their classes' names; parts that do not go together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from model.module.parts import Part
from model.module.refusal import Refusal

MOST_CLASSES = 256
"""Labels travel as bytes through firmware and its protocol."""


def check_alike(found: dict[str, Part], refuse: Refusal) -> None:
    """Refuse parts of different shapes or kinds of labels."""
    first = found["train"]
    for name, part in found.items():
        shapes, wanted = ([list(v.shape[1:]) for v in p.inputs] for p in (part, first))
        if shapes != wanted:
            raise refuse(
                f"inputs of '{name}' have shape {shapes}, those of 'train' {wanted}",
                "give all parts the same shape",
            )
        if part.images != first.images:
            raise refuse(
                f"inputs of '{name}' and of 'train' are not both uint8",
                "give all parts the same kind of numbers: bytes are images and become 0 to 1",
            )
        kinds = [p.labels.dtype.kind in "US" or p.labels.dtype.kind == "f" for p in (part, first)]
        if kinds[0] != kinds[1] or part.labels.shape[1:] != first.labels.shape[1:]:
            raise refuse(
                f"labels of '{name}' are {part.labels.dtype} {list(part.labels.shape)}, those of"
                f" 'train' {first.labels.dtype} {list(first.labels.shape)}",
                "give all parts the same kind of labels",
            )


def with_classes(
    found: dict[str, Part], classes: tuple[str, ...], refuse: Refusal
) -> tuple[dict[str, Part], tuple[str, ...]]:
    """Labels as int64 from 0 up, and the classes' names.

    Raises:
        UserError: a class that 'train' has no example of, too many of them, one alone, or two of
            one name.
    """
    if found["train"].labels.dtype.kind == "f":
        return found, ()
    if len({*classes}) != len(classes):
        twice = next(name for name in classes if classes.count(name) > 1)
        raise refuse(f"'classes' of data() names '{twice}' twice", "name each class differently")
    if found["train"].labels.dtype.kind in "US":
        named = {name: part.labels.astype(str) for name, part in found.items()}
        classes = classes or tuple(sorted({str(v) for v in np.unique(named["train"])}))
        for name, labels in named.items():
            if strange := sorted({*labels.tolist()} - {*classes}):
                raise refuse(
                    f"'{name}' holds the class '{strange[0]}', which 'train' does not",
                    "give 'train' examples of every class",
                )
        numbers = {name: index for index, name in enumerate(classes)}
        found = {
            name: replace(part, labels=np.array([numbers[v] for v in named[name]], np.int64))
            for name, part in found.items()
        }
    found = {name: replace(p, labels=p.labels.astype(np.int64)) for name, p in found.items()}
    largest = max(int(part.labels.max()) for part in found.values())
    smallest = min(int(part.labels.min()) for part in found.values())
    count = len(classes) or largest + 1
    if smallest < 0 or largest >= count or count > MOST_CLASSES:
        raise refuse(
            f"labels go from {smallest} to {largest}"
            + (f", there are {len(classes)} classes" if classes else ""),
            f"number the classes from 0 up, {MOST_CLASSES} at most; for regression give floats",
        )
    if count == 1:
        raise refuse(
            "labels are of one class: there is nothing to tell apart",
            "give inputs of another class, too; for regression give floats",
        )
    seen = np.bincount(found["train"].labels, minlength=count)
    if not seen.all():
        missing = int(np.argmin(seen))
        named_class = f"{missing} ('{classes[missing]}')" if classes else str(missing)
        raise refuse(
            f"'train' holds no input of class {named_class}", "give it examples of every class"
        )
    return found, classes or tuple(str(index) for index in range(count))
