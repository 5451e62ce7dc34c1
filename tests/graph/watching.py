"""Watching what the commands of a build open, while they run."""

from __future__ import annotations

import json
from pathlib import Path

from support.removal import remove_temporary_folder
from tests.graph.project import Project

# Every command of the build loads this module, because the project's folder is on its module path.
NAME = "sitecustomize.py"
WATCH = """
import atexit, json, os, sys
seen = set()
def hook(event, arguments):
    if event == "open" and isinstance(arguments[0], (str, os.PathLike)):
        seen.add(os.path.abspath(os.fspath(arguments[0])))
sys.addaudithook(hook)
def tell():
    with open(os.path.join(FOLDER, str(os.getpid()) + ".json"), "w") as stream:
        json.dump([sys.orig_argv, sorted(seen)], stream)
atexit.register(tell)
"""


def watch(project: Project, folder: Path) -> None:
    """From now on, each Python command of the project writes down the files it opened."""
    folder.mkdir(parents=True, exist_ok=True)
    project.path(NAME).write_text(f"FOLDER = {str(folder)!r}\n{WATCH}")


def unwatch(project: Project) -> None:
    """No longer."""
    project.path(NAME).unlink()
    remove_temporary_folder(project.path("__pycache__"))


def commands(folder: Path) -> list[tuple[list[str], set[str]]]:
    """Words and opened files (absolute paths) of each command that was watched."""
    records = (json.loads(path.read_text()) for path in sorted(folder.iterdir()))
    return [(words, set(opened)) for words, opened in records if "-m" in words]
