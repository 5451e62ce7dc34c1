"""The tree keeps to its own style: ruff, mypy, clang-format, and a few words that may not occur."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
SOURCES = (
    *("support", "model", "codegen", "device", "tests", "site_scons", "SConstruct", "SConscript"),
)


def run(*command: str) -> None:
    """Run a checker in the project's folder; its output is the failure."""
    done = subprocess.run(
        [str(BIN / command[0]), *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"


def texts() -> list[tuple[Path, str]]:
    """All text files that belong to the project."""
    folders = ("firmware", "templates", "docs", "requirements", *SOURCES[:-2])
    paths = [path for folder in folders for path in sorted((ROOT / folder).rglob("*"))]
    paths += [path for path in ROOT.iterdir() if not path.name.startswith(".")]
    skipped = {".pyc", ".npz", ".onnx", ".png", ".zip", ".a", ".o", ".elf"}
    return [
        (path.relative_to(ROOT), path.read_text(encoding="utf-8"))
        for path in paths
        if path.is_file() and path.suffix not in skipped and "__pycache__" not in path.parts
    ]


def test_ruff() -> None:
    run("ruff", "check", *SOURCES)


def test_ruff_format() -> None:
    run("ruff", "format", "--check", *SOURCES)


def test_mypy() -> None:
    run("mypy")


def test_clang_format() -> None:
    files = [path for kind in ("*.c", "*.h") for path in sorted((ROOT / "firmware").rglob(kind))]
    run("clang-format", "--dry-run", "--Werror", *map(str, files))


@pytest.mark.parametrize(
    ("what", "pattern"),
    [
        ("a path of somebody's machine", r"(?<![\w.])/(?:work|root|home/\w+)/"),
        ("a work mark", r"\b(?:FIX" + r"ME|X" + r"XX)\b"),
        ("trailing blanks", r"[ \t]+$"),
    ],
)
def test_no_file_has(what: str, pattern: str) -> None:
    found = [
        f"{path}:{number}: {line.strip()}"
        for path, text in texts()
        for number, line in enumerate(text.splitlines(), 1)
        if re.search(pattern, line)
    ]
    assert not found, f"{what}:\n" + "\n".join(found)
