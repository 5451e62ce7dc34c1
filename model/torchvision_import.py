"""Import torchvision beside whatever PyTorch build is installed.

PyPI's torchvision carries compiled operators (`torchvision::nms` and others) that are linked
against one PyTorch build. Beside another one, such as the much smaller CPU build, their library
does not load; torchvision tolerates that, but then registers shape functions for two of the
operators and fails with "operator torchvision::nms does not exist". Datasets and transforms need
none of these operators, so their schemas alone are enough.

Import torchvision from here and nowhere else: `from model.torchvision_import import torchvision`.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import warnings
from pathlib import Path

import torch

_SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
"""The operators that torchvision/_meta_registrations.py names unconditionally (0.28)."""


def _compiled_operators_load() -> bool:
    """Load torchvision's operator library the way torchvision itself does; say whether it did."""
    spec = importlib.util.find_spec("torchvision")
    folders = list(spec.submodule_search_locations or ()) if spec else []
    for folder in folders:
        for suffix in importlib.machinery.EXTENSION_SUFFIXES:
            library = Path(folder) / f"_C{suffix}"
            if library.exists():
                try:
                    torch.ops.load_library(library)  # type: ignore[no-untyped-call]
                except OSError:
                    return False
                return True
    return False


if not _compiled_operators_load():
    # A library object takes its schemas away when it is collected: keep it.
    _fragment = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
    for _schema in _SCHEMAS:
        _fragment.define(_schema)  # type: ignore[no-untyped-call]

with warnings.catch_warnings():
    # "Failed to load image Python extension": JPEG and PNG decoding, not used here.
    warnings.filterwarnings("ignore", message="Failed to load image Python extension")
    import torchvision

__all__ = ["torchvision"]
