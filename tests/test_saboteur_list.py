"""One command replays the saboteur's list."""

from __future__ import annotations

import ast
import subprocess
import sys

from tests.graph.project import REPOSITORY
from tests.saboteur import LIST


def test_every_test_of_the_list_exists() -> None:
    for path, tests in LIST.items():
        tree = ast.parse((REPOSITORY / "tests" / path).read_bytes())
        names = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        assert any(name.startswith("test_") for name in names), path
        assert {*tests} <= names, path


def test_the_word_chooses_them() -> None:
    """Asked of three files that import little: marked one by one, as a whole, by name."""
    files = ("codegen/test_declared.py", "demo/test_server.py", "test_saboteur_rule.py")
    words = ["--collect-only", "-q", "-p", "no:cacheprovider", "-k", "saboteur"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words, *(f"tests/{file}" for file in files)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    shown = done.stdout
    assert "test_declared.py::test_no_declared_shape" in shown
    assert "test_server.py::test_connections_that_do_not_ask_are_ended" in shown
    assert "test_server.py::test_too_many_tabs" not in shown
    assert "test_saboteur_rule.py::test_stays" in shown
