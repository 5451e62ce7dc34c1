"""The glossary of docs/architecture.md holds: users read the field's words, types have one name."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PLACES = (
    *("README.md", "CONTRIBUTING.md", "SConstruct", "SConscript", "docs/*.md", "templates/**/*.*"),
    *(
        f"{room}/**/*.py"
        for room in ("codegen", "device", "model", "nn2flash", "site_scons", "support")
    ),
    *("firmware/**/*.c", "firmware/**/*.h"),
)
# What is not said, and what is.
WORDS = {
    "misread": "misclassified",
    "was read as": "predicted",
    "held back": "validation images",
    "much used": "common",
}


@pytest.mark.parametrize("word", WORDS)
def test_the_fields_own_words(word: str) -> None:
    pattern = re.compile(word.replace(" ", r"\s+"), re.IGNORECASE)
    files = [path for place in PLACES for path in ROOT.glob(place) if path.is_file()]
    assert len(files) > 500
    found = [str(path) for path in files if pattern.search(path.read_text(encoding="utf-8"))]
    assert not found, f"say {WORDS[word]}"


def test_a_stage_is_one_type() -> None:
    """So is each other term of the generator that the glossary explains."""
    defined = re.compile(r"^(?:class (\w+)|(\w+) = [A-Z]\w* \| )", re.MULTILINE)
    names = Counter(
        match[1] or match[2]
        for path in (ROOT / "codegen").rglob("*.py")
        for match in defined.finditer(path.read_text(encoding="utf-8"))
    )
    words = ("Stage", "Value", "Graph", "Op", "Chain", "Member", "Target", "Layer", "Kernel")
    assert {word: names[word] for word in words if names[word] > 1} == {}
    assert names["Stage"] == names["Member"] == names["Value"] == 1
