"""Mutation testing: what it makes of a file, what becomes of a fault, and faults known by name."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.graph.project import REPOSITORY, copy_tree
from tests.mutation import mapping
from tests.mutation.known import KNOWN, Known
from tests.mutation.run import NOTICED, SURVIVED, TIMED_OUT, Copy, survivors
from tests.mutation.sites import Mutant, mutants

PYTHON = b'''"""Words, 1 < 2."""
from a import b


def f(x: int = 3) -> "1 + 1":
    if x <= 4 and not b:
        raise ValueError(f"{x + 1}")
    return x // 2
'''
C = b"""/* a < b, 5 */
#define SIZE 3
static int f(int a) {
    g(a); // 1 + 1
    return a < 7 ? a + 1 : 0x10;
}
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """A copy of this tree to put faults into."""
    root = tmp_path_factory.mktemp("mutation") / "copy"
    copy_tree(root)
    (root / "build").mkdir(exist_ok=True)
    return Copy(root)


@pytest.mark.parametrize("known", KNOWN.values(), ids=KNOWN)
def test_known_faults_are_noticed(known: Known, copy: Copy) -> None:
    data = (copy.root / known.path).read_text()
    assert data.count(known.old) == 1, "the line has changed: move the fault to where it went"
    start = len(data.partition(known.old)[0].encode())
    mutant = Mutant(known.path, start, start + len(known.old.encode()), known.old, known.new, 0)
    with copy.applied([mutant]):
        assert copy.run(known.tests, 900) == 1


def made(path: str, data: bytes) -> set[tuple[int, str, str]]:
    return {(each.line, each.old, each.new) for each in mutants(path, data)}


def test_what_is_made_of_python() -> None:
    """What computes, and no word of docstrings, annotations, imports and messages."""
    assert made("codegen/x.py", PYTHON) == {
        (5, "3", "4"),
        (6, "x <= 4 and not b", "False"),
        (6, "<=", "<"),
        (6, "4", "5"),
        (6, "and", "or"),
        (6, "x <= 4 and ", ""),
        (6, " and not b", ""),
        (6, "not b", "b"),
        (7, 'raise ValueError(f"{x + 1}")', "pass"),
        (8, "//", "*"),
        (8, "2", "3"),
    }


def test_what_is_made_of_c() -> None:
    assert made("firmware/runtime/x.c", C) == {
        (4, "    g(a);", ""),
        (5, "<", "<="),
        (5, "7", "8"),
        (5, "+", "-"),
        (5, "1", "2"),
    }


def test_what_is_made_of_a_template() -> None:
    data = b"{% if q.skip %}\n    b = 2;\n{% endif %}\n"
    assert made("templates/ops/x.c.j2", data) == {
        (1, "q.skip", "not (q.skip)"),
        (2, "2", "3"),
        (2, "    b = 2;", ""),
    }


def test_every_file_has_mutants_that_python_reads_and_tests() -> None:
    found = mapping.files(REPOSITORY)
    assert len(found) > 200
    for path in found:
        assert mapping.closest_tests(REPOSITORY, path) and mapping.package_tests(path)
    for tests in mapping.TESTS.values():
        words = [word.removeprefix("--ignore=") for word in tests]
        assert all((REPOSITORY / word).exists() for word in words), tests
    for path in found[::10]:
        data = (REPOSITORY / path).read_bytes()
        for mutant in mutants(path, data):
            assert mutant.applied(data) != data
            if path.endswith(".py"):
                ast.parse(mutant.applied(data))


@pytest.fixture
def small(tmp_path: Path) -> Copy:
    """Two modules, of which one test looks at the first only."""
    (tmp_path / "seen.py").write_text("def f(x):\n    while x > 0:\n        x -= 1\n    return 7\n")
    (tmp_path / "unseen.py").write_text("def g(x):\n    return x + 1\n")
    (tmp_path / "test_them.py").write_text(
        "import seen, unseen\n\ndef test_f():\n    assert seen.f(2) == 7\n"
    )
    return Copy(tmp_path)


def test_what_becomes_of_a_fault(small: Copy, monkeypatch: pytest.MonkeyPatch) -> None:
    tests = ("test_them.py",)
    files = ("seen.py", "unseen.py")
    before = {path: (small.root / path).read_bytes() for path in files}
    every = {str(m): m for path in files for m in mutants(path, before[path])}
    usual = small.usual(tests)
    assert usual is not None
    monkeypatch.setattr(Copy, "usual", lambda self, tests: (5 - 20) / 3 + usual)
    found = {name: small.judge([mutant], tests) for name, mutant in every.items()}
    assert found["seen.py:4: `7` → `8`"] == NOTICED
    assert found["unseen.py:2: `+` → `-`"] == SURVIVED
    assert found["seen.py:3: `x -= 1` → `pass`"] == TIMED_OUT
    assert {path: (small.root / path).read_bytes() for path in before} == before
    # Together, the one that is noticed is told from those that are not.
    group = [every["seen.py:4: `7` → `8`"], every["unseen.py:2: `+` → `-`"]]
    assert survivors(small, group, tests) == group[1:]
