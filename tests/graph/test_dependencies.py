"""What a command opens is what SCons believes it depends on."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from site_tools.python_imports import python_dependencies

from support.module_files import imported
from tests.graph.conftest import Built
from tests.graph.project import SCONS, Project
from tests.graph.watching import NAME, commands

CACHED = re.compile(r"__pycache__/(\w+)\.cpython-\d+\.pyc(\.\d+)?$")


def recorded_dependencies(project: Project) -> dict[str, set[str]]:
    """Every built file with all that SCons recorded for it, as paths below the project."""
    sconsign = shutil.which("sconsign", path=f"{Path(SCONS).parent}:{os.environ['PATH']}")
    assert sconsign
    command = [sconsign, "--raw", str(project.path("build/.sconsign.dblite"))]
    done = subprocess.run(command, cwd=project.root, capture_output=True, text=True, check=True)
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


def project_files(project: Project, opened: set[str]) -> set[str]:
    """The project's own files among opened ones, compiled modules by their sources."""
    root = f"{project.root}/"
    names = {os.path.relpath(path, root) for path in opened if path.startswith(root)}
    names = {os.path.normpath(CACHED.sub(r"\1.py", name)) for name in names}
    return {
        name
        for name in names - {NAME}
        if project.path(name).is_file() and not name.startswith(".venv/")
    }


def program_files(project: Project, package: str, verb: str, arguments: list[str]) -> set[str]:
    """The files behind a command, which its signature has; a module's imports are its own, too."""
    root = project.root.resolve()
    module = arguments[arguments.index("--module") + 1] if "--module" in arguments else ""
    imports = imported(root / module)[1] if module else []
    files, _ = python_dependencies(str(root), package, verb, imports=imports)
    return {os.path.relpath(path, root) for path in files}


@pytest.mark.parametrize("kind", ["given", "of_module", "trained"])
def test_commands_open_nothing_undeclared(kind: str, request: pytest.FixtureRequest) -> None:
    built: Built = request.getfixturevalue(kind)
    project = built.project
    recorded = recorded_dependencies(project)
    checked = 0
    for words, opened in commands(built.watched):
        package, verb, *arguments = words[words.index("-m") + 1 :]
        named = {os.path.normpath(word.rpartition("=")[2]) for word in arguments}
        makes = {
            target
            for target in recorded
            if target in named or any(target.startswith(f"{name}/") for name in named)
        }
        if verb == "dataset":  # lies outside, with the tests' other downloads
            continue
        assert makes, f"{package} {verb} makes nothing that is known"
        declared = makes.union(*(recorded[target] for target in makes))
        declared |= program_files(project, package, verb, arguments)
        undeclared = project_files(project, opened) - declared
        assert not undeclared, f"{package} {verb} opens what it does not depend on"
        checked += 1
    assert checked >= 8
