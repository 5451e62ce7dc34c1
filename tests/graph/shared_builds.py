"""What builds of this very tree made, for the copies of tests that are about something else.

A test that asks what is built again, or what runs at all, builds on its own: a file that is taken
from here is no command of its run, and what SCons does not see as changed would be taken, too.
"""

from __future__ import annotations

import fcntl
import functools
import hashlib
import json
from pathlib import Path

from support.removal import remove_temporary_folder
from tests.codegen import shared_objects

ROOT = Path(__file__).resolve().parents[2]
# All that a build reads of this project.
PARTS = (
    "SConscript",
    "SConstruct",
    "codegen",
    "device",
    "examples",
    "firmware",
    "model",
    "nn2flash",
    "requirements",
    "site_scons",
    "support",
    "target",
    "templates",
)


def shared_builds() -> dict[str, str]:
    """The variable that has a copy of this tree share what it builds with other tests' copies."""
    return {"cache_dir": str(_folder(digest(ROOT)))}


@functools.cache
def digest(root: Path) -> str:
    """A hash of what builds read of a tree: one with a fault in it shares with nobody."""
    found = hashlib.sha256()
    for part in PARTS:
        place = root / part
        for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if path.is_file() and path.suffix != ".pyc":
                content = hashlib.sha256(path.read_bytes()).hexdigest()
                found.update(f"\0{path.relative_to(root)}\0{content}".encode())
    return found.hexdigest()[:32]


def _folder(name: str) -> Path:
    """Made whole: a SCons that finds the folder without its `config` may read half of one."""
    place = shared_objects.folder() / f"builds-{name}"
    with place.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not place.exists():
            begun = place.with_suffix(".begun")
            remove_temporary_folder(begun)
            begun.mkdir()
            (begun / "config").write_text(json.dumps({"prefix_len": 2}))
            begun.rename(place)
    return place
