"""Where this program's own files lie: the repository, or the package that a wheel has installed.

A wheel keeps the layout below this folder (nn2flash/wheel): packages, `templates/`, `firmware/`.
"""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def home() -> Path | None:
    """The user's home; None: HOME is not set, and the system does not know this user (a container
    that runs as another one)."""
    try:
        return Path.home()
    except RuntimeError:
        return None


def cache_folder() -> Path | None:
    """The user's folder for what is kept between runs and can be made again; None: there is no
    home (XDG Base Directory Specification, which has relative paths ignored)."""
    given = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if given.is_absolute():
        return given / "nn2flash"
    folder = home()
    return folder and folder / ".cache" / "nn2flash"
