"""Pages of docs/ that show whole files: what they show, put into a copy of the tree, must work."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.codegen.programs import ROOT, run
from tests.graph.project import Project, copy_tree


def shown_files(page: Path) -> dict[str, str]:
    """Path → content of every file that a page shows."""
    return dict(re.findall(r"^`(\S+)`\n```\w+\n(.*?)^```$", page.read_text(), re.M | re.S))


def tree_with(files: dict[str, str], root: Path, **variables: str) -> Project:
    """A copy of the tree with files that it does not have yet."""
    copy = copy_tree(root, **variables)
    for path, text in files.items():
        assert not copy.path(path).exists(), f"{path} is there already"
        copy.path(path).parent.mkdir(exist_ok=True)
        copy.path(path).write_text(text)
    return copy


def pytest_in(project: Project, *words: str) -> subprocess.CompletedProcess[str]:
    """Run tests of the copy."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words]
    return subprocess.run(command, cwd=project.root, capture_output=True, text=True, check=False)


def check_style(project: Project, files: dict[str, str]) -> None:
    """See that the files are linted and formatted as all others are.

    In the copy's own folder: ruff looks from there which imports are the project's.
    """
    tools = ROOT / ".venv" / "bin"
    python = [path for path in files if path.endswith(".py")]
    c = [path for path in files if path.endswith((".c", ".h"))]
    run([str(tools / "ruff"), "check", *python], project.root)
    run([str(tools / "ruff"), "format", "--check", *python], project.root)
    run([str(tools / "clang-format"), "--style=file", "--dry-run", "-Werror", *c], project.root)
