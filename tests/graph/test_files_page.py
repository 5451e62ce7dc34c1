"""docs/architecture.md has every file that a build leaves for others."""

from __future__ import annotations

import re

from tests.docs.pages import ROOT
from tests.graph.conftest import Built
from tests.graph.project import BOOKKEEPING, files_below

PAGE = ROOT / "docs" / "architecture.md"


def patterns() -> list[re.Pattern[str]]:
    """The names of the table's first column; those without a folder lie in that of the one before,
    `a.c .h` are two."""
    text = PAGE.read_text(encoding="utf-8").partition("## Files that packages hand to each other")[
        2
    ]
    found = []
    for row in re.findall(r"^\| (`.*?) \| ", text.partition("\n## ")[0], re.MULTILINE):
        folder = ""
        for name in re.findall(r"`([^`]+)`", row):
            first, *endings = name.split()
            folder = first.rpartition("/")[0] if "/" in first else folder
            base = first.rpartition("/")[2]
            for each in (base, *(base.rpartition(".")[0] + ending for ending in endings)):
                escaped = re.escape(f"{folder}/{each}" if folder else each)
                wild = re.sub(r"<[^>]*>", "[^/]+", escaped).replace(r"\*", "[^/]*")
                found.append(re.compile(wild))
    return found


def test_every_file_of_a_build_is_on_the_page(given: Built) -> None:
    known = patterns()
    assert len(known) > 60
    made = [
        name
        for name in files_below(given.project.path("build"))
        if "/obj/" not in f"/{name}" and name not in BOOKKEEPING
    ]
    assert len(made) > 30
    assert [name for name in made if not any(p.fullmatch(name) for p in known)] == []
