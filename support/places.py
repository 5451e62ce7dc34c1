"""Where this program's own files lie: the repository, or the package that a wheel has installed.

A wheel keeps the layout below this folder (nn2flash/wheel): packages, `templates/`, `firmware/`.
"""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def cache_folder() -> Path | None:
    """The user's folder for what is kept between runs and can be made again; None: there is no
    home (XDG Base Directory Specification, which has relative paths ignored)."""
    given = Path(os.environ.get("XDG_CACHE_HOME", ""))
    try:
        return (given if given.is_absolute() else Path.home() / ".cache") / "nn2flash"
    except RuntimeError:
        return None
