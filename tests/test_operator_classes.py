"""Only operators, passes, kernels and templates know one operator from another."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CODEGEN = ROOT / "codegen"
KNOWING = ("ops", "passes", "kernels")
# Writes what it knows of a graph for other runtimes, which name operators in their own ways.
EXPORTING = ("exported_graph.py",)
# Vendor code is read without a graph.
GRAPHLESS = ("xcube",)
# What every kernel has is no operator's.
COMMON = tuple(f"codegen.kernels.{name}" for name in ("kernel", "registry", "wanted"))
# What asks about fully connected layers because that is what it is about: this, and no more.
ABOUT_LAYERS = {
    "commands/activity.py": [
        "compares .stem",
        "imports codegen.kernels.fully_connected.chain.choose",
        "imports codegen.kernels.fully_connected.chain.operation",
    ],
    "commands/export.py": [
        "asks for FullyConnected",
        "asks for Reshape",
        "imports codegen.ops.fully_connected",
        "imports codegen.ops.reshape",
    ],
}


def others() -> dict[str, Path]:
    """The modules that must not tell operators apart, by their names below codegen/."""
    found = {path.relative_to(CODEGEN): path for path in sorted(CODEGEN.rglob("*.py"))}
    return {
        str(name): path
        for name, path in found.items()
        if name.parts[0] not in (*KNOWING, *EXPORTING, *GRAPHLESS)
    }


@cache
def operators() -> frozenset[str]:
    """Names of the classes of codegen/ops/, and of what they share."""
    paths = [*(CODEGEN / "ops").glob("*.py"), CODEGEN / "weighted_sum.py"]
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in paths]
    return frozenset(
        node.name for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)
    )


def breaches(source: str) -> list[str]:
    """Imports of operators' modules, and what asks for an operator's class or kind: comparisons,
    `isinstance`, patterns of a `match`, tables that are looked up by it."""
    nodes = ast.walk(ast.parse(source))
    return [text for node in nodes for text in (*_imports(node), *_questions(node))]


def _imports(node: ast.AST) -> Iterator[str]:
    names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
    if isinstance(node, ast.ImportFrom) and node.module in ("codegen.ops", "codegen.kernels"):
        folder = CODEGEN / node.module.partition(".")[2]
        # What the package itself defines is for everybody.
        below = {path.stem for path in folder.iterdir()}
        names = [f"{node.module}.{each.name}" for each in node.names if each.name in below]
    elif isinstance(node, ast.ImportFrom):
        names = [node.module or ""]
    for name in names:
        if name.startswith(("codegen.ops.", "codegen.kernels.")) and name not in COMMON:
            yield f"imports {name}"


def _questions(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Compare):
        for side in (node.left, *node.comparators):
            if kind := _kind(side):
                yield f"compares {kind}"
    elif isinstance(node, ast.Match):
        if kind := _kind(node.subject):
            yield f"matches {kind}"
    elif isinstance(node, ast.MatchClass):
        yield from (f"asks for {name}" for name in _named(node.cls))
    elif isinstance(node, ast.Subscript) and (kind := _kind(node.slice)):
        yield f"looks up by {kind}"
    elif isinstance(node, ast.Call):
        called = node.func.id if isinstance(node.func, ast.Name) else None
        if called in ("isinstance", "issubclass"):
            yield from (f"asks for {name}" for name in _named(node.args[1]))
        got = isinstance(node.func, ast.Attribute) and node.func.attr == "get" and node.args
        if got and (kind := _kind(node.args[0])):
            yield f"looks up by {kind}"


def _kind(node: ast.expr) -> str:
    """What says which operator it is: its stem, its class, the class's name; or nothing. A path
    has a stem, too."""
    if isinstance(node, ast.Attribute) and node.attr in ("stem", "__class__"):
        of_path = "path" in ast.unparse(node.value).lower()
        return "" if of_path else f".{node.attr}"
    if isinstance(node, ast.Attribute) and node.attr in ("__name__", "__qualname__"):
        return _kind(node.value)
    called = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    return "a type" if called and node.func.id == "type" else ""  # type: ignore[attr-defined]


def _named(node: ast.expr) -> list[str]:
    """The operators' classes that an expression names."""
    parts = list(ast.walk(node))
    found = [each.id for each in parts if isinstance(each, ast.Name)]
    found += [each.attr for each in parts if isinstance(each, ast.Attribute)]
    return [name for name in found if name in operators()]


def test_nobody_else_tells_operators_apart() -> None:
    paths = others()
    assert len(paths) > 50
    found = {
        name: sorted(breaches(path.read_text(encoding="utf-8"))) for name, path in paths.items()
    }
    assert {name: texts for name, texts in found.items() if texts} == ABOUT_LAYERS


@pytest.mark.parametrize(
    "source",
    [
        "from codegen.ops.softmax import Softmax",
        "from codegen.ops import softmax",
        "import codegen.ops.softmax as other",
        "from codegen.kernels.softmax.portable import Portable",
        "from codegen.kernels import softmax",
        "chosen = step.lowered.stem == 'softmax'",
        "chosen = step.lowered.stem in ('softmax', 'conv')",
        "same = type(op) == Op",
        "same = type(op).__name__ == 'Softmax'",
        "same = op.__class__ is other",
        "chosen = isinstance(op, (Softmax, Conv))",
        "chosen = isinstance(op, parts.WeightedSum)",
        "match op:\n    case Softmax(axis=1):\n        pass",
        "match op.stem:\n    case 'softmax':\n        pass",
        "how = TABLE[type(op)]",
        "how = TABLE.get(op.stem)",
    ],
)
def test_a_breach_is_noticed(source: str) -> None:
    assert breaches(source)


@pytest.mark.parametrize(
    "source",
    [
        "from codegen.ops import operators",
        "from codegen.kernels.registry import choose",
        "path = f'ops/{step.lowered.stem}.c.j2'",
        "chosen = isinstance(stage, Quantized)",
        "named = path.stem == path.parent.name",
    ],
)
def test_what_tells_nothing_apart_is_none(source: str) -> None:
    assert not breaches(source)
