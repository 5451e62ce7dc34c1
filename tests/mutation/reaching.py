"""The map from functions and templates to the tests that run them, quickest first.

Made once by a run of the tests with the plug-in `reach.py`, kept below `.mutation_cache/`.
Functions go by their names, so a map of an earlier commit serves; what it lacks meets its closest
tests.
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from tests.mutation import reach
from tests.mutation.run import Tests
from tests.mutation.sites import Mutant

# Packages whose tests run our Python in their own process, or render templates there.
PACKAGES = (
    "tests/ops",
    "tests/kernels",
    "tests/codegen",
    "tests/tflite",
    "tests/fuzz",
    "tests/device",
    "tests/board_h750",
    "tests/protocol",
    "tests/validate",
    "tests/demo",
    "tests/runtime",
    "tests/program",
    "tests/xcube",
    "tests/ide",
    "tests/report",
    "tests/embed/test_package.py",
)
GOLDENS = "tests/codegen/test_goldens.py"
NAME = "reach"


class Reaching:
    """The map.

    Args:
        folder: where its files are, as the plug-in wrote them.
    """

    def __init__(self, folder: Path) -> None:
        self._tests: dict[str, list[tuple[float, str]]] = {}
        for path in sorted(folder.glob(f"{NAME}-*.jsonl")):
            for line in path.read_text(encoding="utf-8").splitlines():
                entry = json.loads(line)
                if not entry["failed"] and not entry["test"].startswith(GOLDENS):
                    for name in entry["reached"]:
                        found = self._tests.setdefault(name, [])
                        found.append((entry["seconds"], entry["test"]))

    def tests(self, mutant: Mutant, data: bytes, seconds: float) -> Tests:
        """Tests that run the mutant's function, or anything of its file if it is in none.

        Args:
            data: the mutant's file.
            seconds: stop when so much is together (of processor time, as the map has it).
        """
        name = function_of(mutant, data) if mutant.path.endswith(".py") else ""
        prefix = f"{mutant.path}:{name}"
        if name:
            found = self._tests.get(prefix, [])
        else:
            names = [each for each in self._tests if each.startswith(prefix)]
            found = [entry for each in names for entry in self._tests[each]]
        return tuple(_quickest({test: cost for cost, test in found}, seconds))


def _quickest(costs: dict[str, float], seconds: float) -> Iterable[str]:
    spent = 0.0
    for test, cost in sorted(costs.items(), key=lambda entry: (entry[1], entry[0])):
        spent += cost
        if spent > seconds:
            return
        yield test


def function_of(mutant: Mutant, data: bytes) -> str:
    """The qualified name of the function that a mutant's line runs in; empty: the module's body."""
    name, start = "", -1
    waiting: list[tuple[ast.AST, str]] = [(ast.parse(data), "")]
    while waiting:
        node, prefix = waiting.pop()
        for child in ast.iter_child_nodes(node):
            inner = prefix
            if isinstance(child, ast.ClassDef):
                inner = f"{prefix}{child.name}."
            elif isinstance(child, ast.FunctionDef):
                body = child.body[0].lineno
                if body <= mutant.line <= (child.end_lineno or 0) and child.lineno > start:
                    name, start = f"{prefix}{child.name}", child.lineno
                inner = f"{prefix}{child.name}.<locals>."
            waiting.append((child, inner))
    return name


def make_map(root: Path, folder: Path) -> None:
    """Run their tests in a copy of the project, once; tests that fail are left out later."""
    folder.mkdir(parents=True, exist_ok=True)
    words = ["-p", "no:cacheprovider", "-p", reach.__name__, "-q", "-n", "2", "--dist", "loadscope"]
    subprocess.run(
        [sys.executable, "-m", "pytest", *words, *PACKAGES],
        cwd=root,
        env={**os.environ, reach.VARIABLE: str(folder / NAME)},
        check=False,
    )
