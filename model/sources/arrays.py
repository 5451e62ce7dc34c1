"""NumPy's files: `.npz` with inputs and labels, `.npy` with labels beside."""

from __future__ import annotations

from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from model.sources.split import TEST, Array, Data, check_share, cut_off
from support.errors import UserError
from support.files import CHECK_PATH, check_given, in_words
from support.labels import NAMES, labels_beside

INPUTS, LABELS = ("inputs", "x", "X", "data"), NAMES
"""Names of arrays; those of parts have `_train`, `_test` … behind, or `train_` before."""

PARTS = {"train": ("train",), "validation": ("validation", "val"), "test": ("test",)}


def load(path: Path) -> dict[str, Array]:
    """All arrays of a file; that of an `.npy` is called `inputs`.

    Raises:
        UserError: missing, or not of NumPy's.
    """
    check_given(path)
    try:
        stored = np.load(path, allow_pickle=False)
    except FileNotFoundError:
        raise UserError(f"{path}: no such file", CHECK_PATH) from None
    except (OSError, ValueError, EOFError, BadZipFile) as error:
        raise UserError(
            f"{path}: not a file of NumPy's arrays ({in_words(error)})", "numpy.savez"
        ) from None
    if isinstance(stored, np.ndarray):
        return {"inputs": stored}
    with stored:
        try:
            return {name: stored[name] for name in stored.files}
        except (ValueError, OSError, EOFError, BadZipFile) as error:
            raise UserError(
                f"{path}: damaged, or no plain arrays ({in_words(error)})", "save it again"
            ) from None


def _pair(found: dict[str, Array], part: str = "") -> tuple[Array, Array] | None:
    """Inputs and labels of a part, by the first names that are there."""
    before, behind = (f"{part}_", f"_{part}") if part else ("", "")
    inputs, labels = (
        [found[name] for stem in stems for name in (stem + behind, before + stem) if name in found]
        for stems in (INPUTS, LABELS)
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
    if file.suffix == ".npy":
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
        if (pair := _pair(found, name)) is not None
    }
    whole = _pair(found)
    if "train" not in parts and whole is None:
        raise UserError(
            f"{file}: has no inputs with labels (found: {', '.join(found) or 'nothing'})",
            "name the arrays inputs and labels, or x and y",
        )
    if "train" not in parts and whole is not None:
        parts = {**parts, "train": whole}
    for name, (values, names) in parts.items():
        if len(values) != len(names):
            raise UserError(
                f"{file}: {len(values)} inputs and {len(names)} labels for '{name}'",
                "give one label for each input",
            )
    if "test" in parts:
        return dict(parts)
    return {**parts, **cut_off(*parts["train"], test)}
