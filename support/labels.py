"""The labels of inputs in an .npy: an .npy beside it, which the build knows without reading it."""

from __future__ import annotations

from pathlib import Path

NAMES = ("labels", "y", "Y", "targets")
"""Names of labels, of files as of arrays; the first that is there counts."""


def labels_beside(path: Path) -> Path | None:
    """Return the file with the labels of an `.npy`; None when there is none, or `path` is another
    kind of file."""
    if path.suffix.lower() != ".npy":
        return None
    beside = (path.with_name(f"{name}.npy") for name in NAMES)
    return next((file for file in beside if file.is_file()), None)
