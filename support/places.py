"""Where this program's own files lie: the repository, or the package that a wheel has installed.

A wheel keeps the layout below this folder (nn2flash/wheel): packages, `templates/`, `firmware/`.
"""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
