"""The glossary of docs/architecture.md holds: users read the field's words, types have one name.

And what pages and remedies say is what their readers can use.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PLACES = (
    "README.md",
    "CONTRIBUTING.md",
    "SConstruct",
    "SConscript",
    "docs/*.md",
    "templates/**/*.*",
    *(
        f"{room}/**/*.py"
        for room in ("codegen", "device", "model", "nn2flash", "site_scons", "support")
    ),
    "firmware/**/*.c",
    "firmware/**/*.h",
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


@pytest.mark.parametrize("word", ["rooms", r"(?:network|example)[^.]{0,70}\breads \d[\d.]* %"])
def test_pages_say_packages_and_accuracy(word: str) -> None:
    """What the code calls a room is a package to a reader; no network "reads" its images."""
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
    pattern = re.compile(word, re.IGNORECASE)
    assert not [path.name for path in pages if pattern.search(path.read_text(encoding="utf-8"))]


def test_the_readme_tells_the_costliest_input_beside_the_typical_one() -> None:
    sentences = re.split(r"\.\s", (ROOT / "README.md").read_text(encoding="utf-8"))
    typical = [sentence for sentence in sentences if "typical" in sentence]
    assert typical and all("costliest" in sentence for sentence in typical)


# Whose own command line the remedy is about: ST's tool, or commands that no variable calls.
OTHERS = (
    "codegen/xcube/describe.py",
    "codegen/xcube/ports.py",
    "codegen/render.py",
    "codegen/commands/render.py",
    "codegen/commands/generate.py",
    "model/commands/quantize.py",
)


def test_remedies_name_variables_and_not_options_of_the_commands_below() -> None:
    """A user of `scons` cannot give `--timeout`; where there is no variable it says whose it is."""
    asked, found = 0, []
    for package in ("codegen", "device", "model", "support"):
        for path in sorted((ROOT / package).rglob("*.py")):
            name = str(path.relative_to(ROOT))
            for node in ast.walk(ast.parse(path.read_bytes())):
                if not isinstance(node, ast.Call) or ast.unparse(node.func) != "UserError":
                    continue
                remedy = " ".join(map(ast.unparse, node.args[1:]))
                asked += bool(remedy)
                told = re.search(r"the command by itself|with scons|python -m onnxruntime", remedy)
                if re.search(r"(?<![\w-])--[a-z]", remedy) and not told and name not in OTHERS:
                    found.append(f"{name}:{node.lineno}: {remedy}")
    assert asked > 300
    assert not found


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
