"""What tests' copies share is of this very tree."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tests.graph.shared_builds import PARTS, ROOT, digest


def _tree(root: Path) -> Path:
    for part in PARTS:
        place = root / part
        if (ROOT / part).is_dir():
            place.mkdir(parents=True)
            place /= "of it.txt"
        place.parent.mkdir(exist_ok=True)
        place.write_text("as it is")
    return root


@pytest.mark.parametrize("part", PARTS)
def test_a_tree_with_an_edit_shares_with_nobody(part: str, tmp_path: Path) -> None:
    before = digest(_tree(tmp_path / "one"))
    other = _tree(tmp_path / "other")
    (place,) = [path for path in (other / part, *(other / part).rglob("*")) if path.is_file()]
    place.write_text("as it was")
    assert digest(other) != before


def test_the_place_and_compiled_modules_change_nothing(tmp_path: Path) -> None:
    before = digest(_tree(tmp_path / "one"))
    other = _tree(tmp_path / "other")
    (other / "codegen" / "of it.pyc").write_text("compiled")
    assert digest(other) == before


def test_all_that_a_build_could_read_is_looked_at() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    python = set(settings["tool"]["mypy"]["files"]) - {"tests"}
    assert set(PARTS) == {*python, "firmware", "templates"}
