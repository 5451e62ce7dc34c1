"""The glossary of docs/architecture.md holds: users read the field's words, types have one name.

And what pages and remedies say is what their readers can use.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("codegen", "device", "model", "nn2flash", "site_scons", "support")
PLACES = (
    "README.md",
    "CONTRIBUTING.md",
    "SConstruct",
    "SConscript",
    "docs/*.md",
    "templates/**/*.*",
    *(f"{package}/**/*.py" for package in PACKAGES),
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
    """What has been called a room is a package to a reader; no network "reads" its images."""
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


def _names(tree: ast.AST) -> Iterator[str]:
    """What a file of Python names itself: classes, functions, arguments, variables, fields."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def _spoken(name: str) -> set[str]:
    """The words of an identifier, in small letters."""
    return {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)}


def test_identifiers_use_the_glossarys_words() -> None:
    """The word stood for a package, for a memory with free bytes, and for what fits a board."""
    scripts = [ROOT / "SConstruct", ROOT / "SConscript"]
    files = [
        *scripts,
        *(path for top in (*PACKAGES, "tests") for path in sorted((ROOT / top).rglob("*.py"))),
    ]
    assert len(files) > 800
    wrong = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in files
        for name in (path.stem, *_names(ast.parse(path.read_bytes())))
        if _spoken(name) & {"room", "rooms"}
    ]
    assert not wrong, "say package, placement, or bytes"


def test_the_generator_has_layers_operations_and_members_and_no_parts_or_rows() -> None:
    """What one node became is a layer, what a graph is made of an operation; a matrix or an
    image has rows."""
    matrices = {"WeightedSum", "Rows", "Interpolate", "_Draft", "Reach", "Fields", "QuadRows"}
    matrices |= {"DepthwiseRows", "Row"}
    wrong, seen = [], 0
    for path in sorted((ROOT / "codegen").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if not isinstance(node, ast.ClassDef):
                continue
            fields = [each.target for each in node.body if isinstance(each, ast.AnnAssign)]
            methods = [each.name for each in node.body if isinstance(each, ast.FunctionDef)]
            names = [node.name, *(f.id for f in fields if isinstance(f, ast.Name)), *methods]
            seen += len(names)
            wrong += [
                f"{path.relative_to(ROOT)}: {node.name}.{name}"
                for name in names
                if _spoken(name) & {"part", "parts"}
                or (_spoken(name) & {"row", "rows"} and node.name not in matrices)
            ]
    assert seen > 1000
    assert not wrong


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
