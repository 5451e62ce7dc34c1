"""The tree keeps to its own style: ruff, mypy, clang-format, and a few words that may not occur."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.check import CHECKS, QUICK, checked

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("support", "model", "codegen", "device", "nn2flash", "tests", "site_scons")


def texts() -> list[tuple[Path, str]]:
    """All text files that belong to the project."""
    folders = ("firmware", "templates", "docs", "requirements", *FOLDERS)
    paths = [path for folder in folders for path in sorted((ROOT / folder).rglob("*"))]
    paths += [path for path in ROOT.iterdir() if not path.name.startswith(".")]
    skipped = {".pyc", ".npz", ".onnx", ".png", ".zip", ".a", ".o", ".elf"}
    return [
        (path.relative_to(ROOT), path.read_text(encoding="utf-8"))
        for path in paths
        if path.is_file() and path.suffix not in skipped and "__pycache__" not in path.parts
    ]


@pytest.mark.parametrize("name", CHECKS)
def test_style_and_types(name: str) -> None:
    done = checked(CHECKS[name])
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"


def test_mypy_sees_all_python() -> None:
    """Every folder and file that it is told of, and no Python beside them."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    files = set(settings["tool"]["mypy"]["files"])
    listed = subprocess.run(
        ["git", "ls-files", "*.py", "SCons*"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    paths = listed.stdout.splitlines() or [str(p.relative_to(ROOT)) for p in ROOT.glob("*/**/*.py")]
    beside = {path for path in paths if path.partition("/")[0] not in files | {"build", ".venv"}}
    assert not beside
    assert {"SConstruct", "SConscript", "tests", "site_scons", "model"} <= files


def test_git_keeps_files_and_no_links() -> None:
    """A link that is kept would lead to a place of somebody's machine, or to nothing."""
    listed = subprocess.run(
        ["git", "ls-files", "--stage"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert not [line for line in listed.stdout.splitlines() if line.startswith("120000 ")]


def test_commits_are_checked_by_a_target_that_there_is() -> None:
    hooks = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    (entry,) = re.findall(r"entry: (.+)", hooks)
    assert entry == "scons -Q check"
    assert '"check"' in (ROOT / "SConstruct").read_text(encoding="utf-8")


def test_tabs_are_where_editors_put_them() -> None:
    """.editorconfig names the files that are indented by tabs."""
    rules = (ROOT / ".editorconfig").read_text(encoding="utf-8")
    (names,) = re.findall(r"\[\{(.+)\}\]\nindent_style = tab", rules)
    tabbed = [
        path
        for path, text in texts()
        if "\n\t" in text and not any(path.match(name) for name in names.split(","))
    ]
    allowed = {"docs/embedding.md"}  # shows a Makefile
    assert {str(path) for path in tabbed if "goldens" not in path.parts} <= allowed
    assert all(text.endswith("\n") for path, text in texts() if text)


def test_lines_end_alike_on_every_system() -> None:
    """.gitattributes says so, and no file has other ends: bootstrap is a shell script."""
    rules = (ROOT / ".gitattributes").read_text(encoding="utf-8").splitlines()
    assert "* text=auto eol=lf" in rules
    assert not [str(path) for path, _ in texts() if b"\r\n" in (ROOT / path).read_bytes()]


def test_quick_tests_are_there() -> None:
    assert all((ROOT / path).is_file() for path in QUICK)


@pytest.mark.parametrize(
    ("what", "pattern"),
    [
        ("a path of somebody's machine", r"(?<![\w.])/(?:work|root|home/\w+)/"),
        ("a work mark", r"\b(?:FIX" + r"ME|X" + r"XX)\b"),
        # Without words it installs nothing.
        ("a remedy that only shows the usage", r"run \./bootstrap(?! (?:scons|python)\b)"),
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


def test_nothing_is_unpacked_where_it_is_written() -> None:
    """`[*(a, b), c]` is `[a, b, c]`: the groups would only steer the formatter."""
    found = []
    for path, text in texts():
        if path.suffix == ".py" or path.name in ("SConstruct", "SConscript"):
            found += [
                f"{path}:{node.lineno}"
                for node in ast.walk(ast.parse(text))
                if isinstance(node, ast.Starred)
                and isinstance(node.value, ast.Tuple | ast.List | ast.Set)
            ]
    assert not found
