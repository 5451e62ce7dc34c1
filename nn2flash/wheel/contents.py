"""What is in the wheel, by the path it has there, and what is in the source archive."""

from __future__ import annotations

import ast
import subprocess
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from nn2flash.wheel.imports import PACKAGE, below_package

ROOT = Path(__file__).resolve().parents[2]
# Packages of Python, and folders and files that are their data.
PACKAGES = ("support", "codegen", "device", "model")
DATA = ("templates", "firmware", "examples")
SINGLE = (
    ".clang-format",
    "LICENSE",
    "site_scons/nn2flash_library.py",
    "requirements/locked/core.txt",
)
# What lies beside sources, or among them, and is none.
BUILT = (".git", ".venv", "build")
MADE = (".pyc", ".o")
# What makes the wheel is none of its business.
OWN = Path(__file__).parent


def project() -> dict[str, Any]:
    """The table [project] of pyproject.toml, with the version that the generator has."""
    content = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    source = ast.parse((ROOT / "codegen" / "version.py").read_text(encoding="utf-8"))
    assigned = {
        node.targets[0].id: node.value
        for node in source.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    numbers = ast.literal_eval(assigned["VERSION"])
    return {**content["project"], "version": ".".join(map(str, numbers))}


def wheel_files() -> dict[str, bytes]:
    """Path in the wheel → content, sorted.

    Raises:
        ValueError: a module that cannot be carried over (`imports.py`).
    """
    found = {
        f"{PACKAGE}/{path.relative_to(ROOT / PACKAGE)}": path
        for path in _files(ROOT / PACKAGE)
        if not path.is_relative_to(OWN)
    }
    for folder in (*PACKAGES, *DATA):
        for path in _files(ROOT / folder):
            found[f"{PACKAGE}/{path.relative_to(ROOT)}"] = path
    found |= {f"{PACKAGE}/{name}": ROOT / name for name in SINGLE}
    return {name: _content(path) for name, path in sorted(found.items())}


@cache
def source_files() -> tuple[Path, ...]:
    """Files of the source archive: what git knows; of an unpacked archive, everything."""
    known = _known_to_git() if (ROOT / ".git").exists() else None
    if known is not None:
        return tuple(sorted(known))
    tops = [path for path in ROOT.iterdir() if path.name not in BUILT]
    found = [path for top in tops for path in ([top] if top.is_file() else top.rglob("*"))]
    return tuple(sorted(path for path in found if _is_written(path)))


def _known_to_git() -> list[Path] | None:
    """Files of the index that are there; None where git cannot tell."""
    words = ["git", "ls-files", "-z"]
    try:
        listed = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    except OSError:
        return None
    if listed.returncode != 0:
        return None
    paths = (ROOT / name for name in listed.stdout.split("\0") if name)
    return [path for path in paths if path.is_file()]


def _is_written(path: Path) -> bool:
    """Whether it is a file that somebody wrote."""
    return path.is_file() and "__pycache__" not in path.parts and path.suffix not in MADE


def _content(path: Path) -> bytes:
    data = path.read_bytes()
    if (
        path.suffix != ".py"
        or path.is_relative_to(ROOT / "site_scons")
        or path.is_relative_to(ROOT / "examples")
    ):
        return data
    return below_package(data.decode(), _modules(), str(path.relative_to(ROOT))).encode()


@cache
def _modules() -> frozenset[str]:
    """Dotted names of everything that can be imported of the packages."""
    paths = [
        path for package in PACKAGES for path in _files(ROOT / package) if path.suffix == ".py"
    ]
    parts = [path.relative_to(ROOT).with_suffix("").parts for path in paths]
    names = {".".join(part[:-1] if part[-1] == "__init__" else part) for part in parts}
    return frozenset(names)


def _files(folder: Path) -> list[Path]:
    """The files of a folder that belong to the source archive, too, sorted."""
    return [path for path in source_files() if path.is_relative_to(folder)]
