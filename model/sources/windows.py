"""Rows that follow each other in time, cut into windows that are the inputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Protocol

import numpy as np

from model.sources.split import Array, Data
from support.errors import UserError


class Recorded(Protocol):
    """Rows of a table: inputs [rows, columns], labels and groups [rows, …]."""

    @property
    def inputs(self) -> Array: ...
    @property
    def labels(self) -> Array: ...
    @property
    def groups(self) -> Array: ...


@dataclass(frozen=True)
class Windows:
    """So many rows each, and how far apart they begin."""

    length: int
    step: int


def runs(rows: Recorded) -> list[slice]:
    """Rows that belong together: of one group, and of one class where labels are classes."""
    changes = rows.groups[1:] != rows.groups[:-1]
    if rows.labels.dtype.kind != "f":
        changes |= rows.labels[1:] != rows.labels[:-1]
    ends = [0, *(np.flatnonzero(changes) + 1).tolist(), len(rows.inputs)]
    return [slice(first, last) for first, last in pairwise(ends)]


def _cut(rows: Recorded, run: slice, windows: Windows) -> list[tuple[Array, Array]]:
    """Windows [columns, length] of a run, each with the label of its last row."""
    starts = range(run.start, run.stop - windows.length + 1, windows.step)
    return [
        (rows.inputs[at : at + windows.length].T, rows.labels[at + windows.length - 1])
        for at in starts
    ]


def cut(read: Mapping[str, Recorded], windows: Windows, share: float, path: Path) -> Data:
    """Parts of windows. Without a file that tests, the last share of each run does; no row is in
    both parts.

    Raises:
        UserError: no run is as long as a window in each part.
    """
    found: dict[str, list[tuple[Array, Array]]] = {"train": [], "test": []}
    for part, rows in read.items():
        for run in runs(rows):
            if part == "test" or "test" in read:
                found[part] += _cut(rows, run, windows)
                continue
            border = run.stop - round(share * (run.stop - run.start))
            found["train"] += _cut(rows, slice(run.start, border), windows)
            found["test"] += _cut(rows, slice(border, run.stop), windows)
    for part, each in found.items():
        if not each:
            raise UserError(
                f"{path}: no run of rows is long enough for a window of {windows.length} rows in"
                f" '{part}'",
                "take shorter windows, or give longer recordings",
            )
    return {
        part: (np.stack([x for x, _ in each]), np.array([y for _, y in each]))
        for part, each in found.items()
    }
