"""Copies of a commit that faults and probes are put into."""

from __future__ import annotations

import subprocess
from pathlib import Path

from support.errors import UserError

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".mutation_cache"
DATA = ROOT / "build" / "data"


def copied(root: Path, commit: str, data: Path = DATA) -> Path:
    """The files of a commit, anew: a fault of an earlier run may be left in them.

    Args:
        root: the folder that gets them.
        data: with MNIST/raw.
    """
    root.mkdir(parents=True, exist_ok=True)
    archive = subprocess.run(["git", "archive", commit], cwd=ROOT, check=True, capture_output=True)
    subprocess.run(["tar", "-xf", "-"], cwd=root, input=archive.stdout, check=True)
    for name, target in ((".venv", ROOT / ".venv"), ("build/data", data)):
        link = root / name
        link.parent.mkdir(exist_ok=True)
        if not link.is_symlink():
            link.symlink_to(target.resolve())
    return root


def commit_of(name: str) -> str:
    """A commit's short hash.

    Raises:
        UserError: there is none of that name.
    """
    words = ["rev-parse", "--short", name]
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise UserError(f"git {' '.join(words)}: {done.stderr.strip()}", "run it in a git clone")
    return done.stdout.strip()
