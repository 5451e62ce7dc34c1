"""What a command opens is what SCons believes it depends on, watched while it runs.

A `sitecustomize` in the copy's folder, which every command of the build loads because that folder
is on its module path, writes down each file that Python opens.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.build.conftest import Built
from tests.build.project import SCONS, Project

WATCH = """
import atexit, json, os, sys
seen = set()
def hook(event, arguments):
    if event == "open" and isinstance(arguments[0], (str, os.PathLike)):
        seen.add(os.path.abspath(os.fspath(arguments[0])))
sys.addaudithook(hook)
def tell():
    words = sys.orig_argv
    with open(os.path.join(WATCHED, str(os.getpid()) + ".json"), "w") as stream:
        json.dump([words, sorted(seen)], stream)
atexit.register(tell)
"""
CACHED = re.compile(r"__pycache__/(\w+)\.cpython-\d+\.pyc(\.\d+)?$")


def dependencies(project: Project) -> dict[str, set[str]]:
    """Every built file with all that SCons recorded for it, as paths below the project."""
    sconsign = shutil.which("sconsign", path=f"{Path(SCONS).parent}:{os.environ['PATH']}")
    assert sconsign
    record = str(project.path("build/.sconsign.dblite"))
    done = subprocess.run(
        [sconsign, "--raw", record], cwd=project.root, capture_output=True, text=True, check=True
    )
    found: dict[str, set[str]] = {}
    folder, target = "", ""
    for line in done.stdout.splitlines():
        if line.startswith("=== "):
            folder = line[4:].rstrip(":")
        elif line and not line.startswith(" "):
            target = os.path.normpath(f"{folder}/{line.split(': ')[0]}")
            found[target] = set()
        elif line.startswith("        "):
            found[target].add(line.strip().split(": ")[0])
    return found


def commands_watched(folder: Path) -> list[tuple[list[str], set[str]]]:
    return [
        (words, set(opened))
        for words, opened in map(json.loads, map(Path.read_text, folder.iterdir()))
    ]


def is_output(words: list[str], path: str) -> bool:
    """Whether a command's own arguments name the file as one it writes."""
    return path in words or Path(path).name.startswith(".tmp-")


@pytest.mark.parametrize("kind", ["given", "trained"])
def test_commands_open_nothing_undeclared(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    built: Built = request.getfixturevalue(kind)
    project = built.project.clone(tmp_path / "project")
    project.variables.pop("cache_dir", None)
    watched = tmp_path / "watched"
    watched.mkdir()
    project.path("sitecustomize.py").write_text(f"WATCHED = {str(watched)!r}\n{WATCH}")
    project.build("-c")
    targets = ("elf", "evaluate") if kind == "trained" else ("elf",)
    project.build(*targets)

    recorded = dependencies(project)
    root = str(project.root)
    checked = 0
    for words, opened in commands_watched(watched):
        if "-m" not in words:
            continue
        room, verb, *arguments = words[words.index("-m") + 1 :]
        named = {os.path.normpath(word.rpartition("=")[2]) for word in arguments}
        makes = {target for target in recorded if target in named}
        if verb == "generate":
            makes = {target for target in recorded if target.startswith("build/network/")}
        if verb == "dataset":
            continue
        declared = set().union(*(recorded[target] for target in makes)) | makes
        declared |= {path for path in named if not path.startswith("build/") or path in makes}
        assert declared, f"{room} {verb} makes nothing known"
        below = {os.path.relpath(path, root) for path in opened if path.startswith(f"{root}/")}
        below = {CACHED.sub(r"\1.py", path).replace("/./", "/") for path in below}
        undeclared = {
            path
            for path in below - declared - {"sitecustomize.py"}
            if not path.startswith(".venv/") and ".tmp-" not in path
            if Path(project.root, path).is_file()
        }
        assert not undeclared, f"{room} {verb} opens what it does not depend on"
        checked += 1
    assert checked >= 10
