"""Which files belong to Python, installed packages and this project, and not to a user."""

from __future__ import annotations

import sysconfig
from pathlib import Path

from support.module_files import OWN

_PACKAGES = {"site-packages", "dist-packages"}
_PROJECT = Path(__file__).resolve().parents[2]
_PLACES = [
    *(Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib")),
    *(_PROJECT / name for name in OWN),
]


def installed(path: Path) -> bool:
    """Whether an absolute path belongs to them."""
    return not _PACKAGES.isdisjoint(path.parts) or any(path.is_relative_to(p) for p in _PLACES)
