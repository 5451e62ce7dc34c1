"""NumPy's files: `.npz` with inputs and labels, `.npy` with labels beside."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from model import numpy_files
from model.sources.split import TEST, Array, Data, check_share, cut_off
from support.errors import UserError
from support.labels import NAMES, labels_beside

INPUTS, LABELS = ("inputs", "x", "X", "data"), NAMES
"""Names of arrays; those of parts have `_train`, `_test` … behind, or `train_` before."""

PARTS = {"train": ("train",), "validation": ("validation", "val"), "test": ("test",)}


_REMEDY = "make it with numpy.savez: inputs [N, …] and labels [N]"


def load(path: Path) -> dict[str, Array]:
    """All arrays of a file; that of an `.npy` is called `inputs`.

    Raises:
        UserError: missing, or not of NumPy's.
    """
    return numpy_files.read(path, _REMEDY)


def _pair(path: Path, found: dict[str, Array], part: str = "") -> tuple[Array, Array] | None:
    """Inputs and labels of a part, by the first names that are there.

    Args:
        part: "" for the whole.

    Raises:
        UserError: a part that has one of them alone.
    """
    before, behind = (f"{part}_", f"_{part}") if part else ("", "")
    inputs, labels = (
        [found[name] for stem in stems for name in (stem + behind, before + stem) if name in found]
        for stems in (INPUTS, LABELS)
    )
    if part and bool(inputs) != bool(labels):
        told = ("inputs", "labels") if inputs else ("labels", "inputs")
        raise UserError(
            f"{path}: has {told[0]} for '{part}' without {told[1]} (found: {', '.join(found)})",
            f"save both, x_{part} and y_{part}",
        )
    return (inputs[0], labels[0]) if inputs and labels else None


def arrays(path: str | Path, labels: str | Path | None = None, test: float = TEST) -> Data:
    """Parts of an `.npz`, or of an `.npy` with labels in another file.

    Args:
        path: `.npz` with `inputs` and `labels` (or `x`, `y`), or with those of parts: `x_train`,
            `y_train`, `x_test`, `y_test`; or `.npy`.
        labels: `.npy` of the labels; else `labels.npy` or `y.npy` beside an `.npy`.
        test: share that tests, where the file has no such part.

    Raises:
        UserError: missing, not NumPy's, or without inputs or labels.
    """
    file = Path(path)
    check_share(file, test)
    found = load(file)
    if file.suffix.lower() == ".npy":
        own = Path(labels) if labels else labels_beside(file)
        if own is None:
            raise UserError(
                f"{file}: has no labels beside it (labels.npy or y.npy)",
                "put them there, or both into an .npz with numpy.savez",
            )
        found["labels"] = load(own)["inputs"]
    parts = {
        part: pair
        for part, names in PARTS.items()
        for name in names
        if (pair := _pair(file, found, name)) is not None
    }
    whole = _pair(file, found)
    if "train" not in parts and whole is None:
        raise UserError(
            f"{file}: has no inputs with labels (found: {', '.join(found) or 'nothing'})",
            "name the arrays inputs and labels, or x and y",
        )
    if "train" not in parts and whole is not None:
        parts = {**parts, "train": whole}
    for name, (values, names) in parts.items():
        if not np.ndim(values) or not np.ndim(names):
            raise UserError(
                f"{file}: inputs or labels for '{name}' are a single number",
                "give arrays, inputs [N, …] and labels [N]",
            )
        if len(values) != len(names):
            raise UserError(
                f"{file}: {len(values)} inputs and {len(names)} labels for '{name}'",
                "give one label for each input",
            )
    if "test" in parts:
        return dict(parts)
    return {**parts, **cut_off(file, *parts["train"], test)}
