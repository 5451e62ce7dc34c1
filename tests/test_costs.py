"""Costly tests: as many as the budget has room for, others at each commit, all when asked for."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests import costs, sampled

ROOT = costs.TESTS.parent
FOLDERS, FILES, CASES = 5, 4, 6
NAMES = {
    f"{folder}{file}{case}": f"tests/f{folder}/test_{file}.py::test_{case % 2}[{case}]"
    for folder in range(FOLDERS)
    for file in range(FILES)
    for case in range(CASES)
}
SECONDS = {name.partition("[")[0]: 1.0 + 2.0 * (name[-2] in "135") for name in NAMES.values()}
CHEAP = {"cheap": "tests/f0/test_0.py::test_cheap", "style": "tests/test_lint.py::test_style"}


def taken(seed: str, budget: float) -> set[str]:
    tests = {**NAMES, **CHEAP}
    found = costs.left_out(tests, SECONDS | {"tests/test_lint.py::test_style": 40.0}, seed, budget)
    return {*tests} - found


def test_the_budget_is_kept() -> None:
    """And what is cheap runs always, and style and types; of each folder something runs."""
    for seed in map(str, range(50)):
        chosen = taken(seed, 30.0)
        costly = [NAMES[each] for each in chosen if each in NAMES]
        assert sum(SECONDS[name.partition("[")[0]] for name in costly) <= 30.0
        assert {*CHEAP} <= chosen
        assert len(Counter(name.rpartition("/")[0] for name in costly)) == FOLDERS
        assert taken(seed, 30.0) == chosen
    assert taken("any", 1e9) == {*NAMES, *CHEAP}


def test_every_test_runs_at_one_of_some_commits() -> None:
    together: set[str] = set()
    for seed in range(60):
        together |= taken(f"commit {seed}", 60.0)
    assert together == {*NAMES, *CHEAP}
    assert taken("one", 60.0) != taken("other", 60.0)


def test_what_is_measured_is_a_case_s_mean() -> None:
    lines = ["4.00 tests/a.py::b[1]", "3.00 tests/a.py::b[x[y]]", "0.90 tests/a.py::c"]
    assert costs.measured(lines) == {"tests/a.py::b": 3.5}


def collected(*words: str) -> tuple[set[str], str]:
    """Names that pytest collects in this project with these words, and its header."""
    command = [sys.executable, "-m", "pytest", "--co", "-q", "-p", "no:cacheprovider", *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    names = {line for line in done.stdout.splitlines() if "::" in line}
    return names, done.stdout


def test_a_folder_that_is_asked_for_runs_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """As `scons test only=board_f405` does, or a file; `scons test` names the tests' folder."""
    monkeypatch.delenv("NN2FLASH_TEST_CASES", raising=False)
    monkeypatch.delenv("NN2FLASH_TEST_COSTS", raising=False)
    known = costs.known()
    folder, _ = collected("tests/board_f405")
    costly = {name for name in known if name.startswith("tests/board_f405/")}
    assert costly <= {name.partition("[")[0] for name in folder}
    everything, _ = collected(str(ROOT / "tests"))
    left = {name for name in everything if name.partition("[")[0] in known}
    taken = sum(known[name.partition("[")[0]] for name in left if "tests/test_" not in name)
    assert round(taken, 3) <= costs.BUDGET
    assert len(everything) > 4000 and len(left) > 100
    monkeypatch.setenv("NN2FLASH_TEST_CASES", "1")
    whole, _ = collected(str(ROOT / "tests"))
    assert {name.partition("[")[0] for name in whole} >= {*known}


def test_the_file_names_tests_that_there_are() -> None:
    """And every module that it names is one of the soak's campaign."""
    functions: dict[str, set[str]] = {}
    for name in costs.known():
        path, _, test = name.partition("::")
        if path not in functions:
            tree = ast.parse((ROOT / path).read_bytes())
            nodes = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
            functions[path] = {node.name for node in nodes}
        assert test.rpartition("::")[2] in functions[path], name
    assert {ROOT / path for path in functions} <= {*sampled.modules()}


def test_without_a_repository_there_is_one_sample(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(costs, "TESTS", tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert costs.commit() == ""
