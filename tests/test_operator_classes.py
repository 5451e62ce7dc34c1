"""Only operators, passes, kernels and templates know one operator from another."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CODEGEN = ROOT / "codegen"
KNOWING = ("ops", "passes", "kernels")
# Vendor code is read without a graph.
GRAPHLESS = ("xcube",)
# What asks about fully connected layers because that is what it is about.
ABOUT_LAYERS = {"commands/activity.py", "commands/export.py"}


def others() -> list[Path]:
    """The modules that must not tell operators apart."""
    found = sorted(CODEGEN.rglob("*.py"))
    names = [path.relative_to(CODEGEN) for path in found]
    return [
        path
        for path, name in zip(found, names, strict=True)
        if name.parts[0] not in (*KNOWING, *GRAPHLESS) and str(name) not in ABOUT_LAYERS
    ]


def breaches(source: str) -> list[str]:
    """Imports of operators' modules, and comparisons with an operator's kind or stem."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module:
            if node.module.startswith("codegen.ops."):
                found.append(f"imports {node.module}")
            if node.module.startswith("codegen.kernels."):
                family = node.module.split(".")[2]
                if family not in ("kernel", "registry", "wanted"):
                    found.append(f"imports {node.module}")
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            for side in sides:
                if isinstance(side, ast.Attribute) and side.attr == "stem":
                    found.append(f"line {node.lineno} compares .{side.attr}")
                if (
                    isinstance(side, ast.Call)
                    and isinstance(side.func, ast.Name)
                    and side.func.id == "type"
                ):
                    found.append(f"line {node.lineno} compares a type")
    return found


def test_nobody_else_tells_operators_apart() -> None:
    paths = others()
    assert len(paths) > 50
    wrong = {str(p.relative_to(ROOT)): breaches(p.read_text(encoding="utf-8")) for p in paths}
    assert {name: found for name, found in wrong.items() if found} == {}


@pytest.mark.parametrize(
    "source",
    [
        "from codegen.ops.softmax import Softmax",
        "from codegen.kernels.softmax.portable import Portable",
        "chosen = step.lowered.stem == 'softmax'",
        "same = type(op) == Op",
    ],
)
def test_a_breach_is_noticed(source: str) -> None:
    assert breaches(source)
