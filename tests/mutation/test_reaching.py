"""Which tests execute a mutant's line: probes, the map that they make, and the order of tests."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutation import probes
from tests.mutation.judged import named
from tests.mutation.judging import REACHING, Judge
from tests.mutation.reaching import Cost, Reaching, files_of_tests, make_map, quickest
from tests.mutation.run import NOTICED, SURVIVED, Copy

HERE = Path(__file__).parent
MODULE = '''"""Words."""

from __future__ import annotations

LIMIT = 3


def f(x, most=7):
    """Words."""
    if x == 0:
        return (
            LIMIT +
            1
        )
    elif x == 1:
        return 20
    return min(x, most)


def g():
    return 40
'''
C = """static int half(int x) {
    return x / 2;
}
int both(int x,
         int y) {
    if (y) {
        return half(x) + 4;
    }
    return 3;
}
int main(int count, char **words) {
    (void)words;
    return count > 1 ? both(1, 0) : half(3);
}
"""
TESTS = """import pytest, time
from codegen.x import f, g

@pytest.fixture(scope="module")
def made():
    return f(1)

def test_zero():
    sum(range(5_000_000))
    assert f(0) == 4

def test_most():
    assert f(9) == 7

def test_fixture(made):
    assert made

def test_fixture_again(made):
    pass
"""


def reached_by(tree: Path, paths: list[str], words: list[str | Path]) -> set[str]:
    """The old texts and lines of the mutants whose probes a program sets.

    Args:
        paths: files with probes; of C too.
    """
    every = list(named(tree, paths).values())
    file = tree / "bytes"
    probes.put(tree, dict(enumerate(every)), file)
    for path in (path for path in paths if path.endswith(".c")):
        flags = ["-std=c99", "-Wall", "-Wextra", "-Wconversion", "-Wpedantic", "-Werror"]
        subprocess.run(["gcc", *flags, path, "-o", "program"], cwd=tree, check=True)
    file.write_bytes(bytes(len(every)))
    # As below `scons`, which says where the project's own modules are.
    subprocess.run(words, cwd=tree, env={**os.environ, "PYTHONPATH": str(tree)}, check=False)
    return {
        f"{mutant.line}: {' '.join(mutant.old.split())}"
        for mutant, byte in zip(every, file.read_bytes(), strict=True)
        if byte
    }


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package with a module; `scons` says where the project's own modules are, and these hide
    them."""
    for name in ("PYTHONPATH", "PYTHONSAFEPATH"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "codegen").mkdir()
    (tmp_path / "codegen" / "x.py").write_text(MODULE)
    return tmp_path


@pytest.mark.parametrize(
    ("call", "reached"),
    [
        # A statement of several lines; the constant of the module that it names; no default.
        ("f(0)", {"5: 3", "8: 7", "10: x == 0", "10: ==", "10: 0", "12: +", "13: 1"}),
        # `elif` counts as its `if`.
        ("f(1)", {"16: 20"}),
        ("f(5)", set()),
        ("g()", {"21: 40"}),
    ],
)
def test_lines_of_python(call: str, reached: set[str], tree: Path) -> None:
    every = {"5: 3", "8: 7", "10: x == 0", "10: ==", "10: 0"}
    every |= {"15: x == 1", "15: ==", "15: 1"}
    words: list[str | Path] = [sys.executable, "-c", f"from codegen.x import *; {call}"]
    wanted = reached | (every if call.startswith("f") else set())
    assert reached_by(tree, ["codegen/x.py"], words) == wanted


@pytest.mark.parametrize(
    ("words", "reached"),
    [((), {"half", "main"}), (("more",), {"both", "main"})],
    ids=["few", "more"],
)
def test_functions_of_c(words: tuple[str, ...], reached: set[str], tree: Path) -> None:
    (tree / "x.c").write_text(C)
    lines = {"half": {2}, "both": {7, 9, 6}, "main": {13, 12}}
    found = reached_by(tree, ["x.c"], [tree / "program", *words])
    assert found and {int(each.partition(":")[0]) for each in found} <= {
        line for name in reached for line in lines[name]
    }
    assert all(any(f"{line}:" in each for each in found for line in lines[n]) for n in reached)


def test_templates(tree: Path) -> None:
    (tree / "templates").mkdir()
    (tree / "codegen/render.py").write_text(
        "from __future__ import annotations\nimport jinja2\n"
        "def render():\n    loader = jinja2.FileSystemLoader('templates')\n"
        "    return jinja2.Environment(loader=loader).get_template('own.c.j2').render()\n"
    )
    for number, name in enumerate(("own", "other", "included")):
        text = f"{{# text #}}\n    x = {number};\n{{% include 'included.c.j2' %}}\n"
        (tree / f"templates/{name}.c.j2").write_text(text[: None if name == "own" else -30])
    paths = [f"templates/{name}.c.j2" for name in ("own", "other", "included")]
    words: list[str | Path] = [sys.executable, "-c", "from codegen.render import *; render()"]
    assert reached_by(tree, paths, words) == {"2: 0", "2: x = 0;", "2: 2", "2: x = 2;"}


@pytest.fixture
def mapped(tree: Path) -> Reaching:
    """The map of the module by its tests."""
    (tree / "tests" / "mutation").mkdir(parents=True)
    shutil.copy(HERE / "reach.py", tree / "tests" / "mutation")
    (tree / "tests" / "test_x.py").write_text(TESTS)
    (tree / "tests" / "test_broken.py").write_text("assert 0\n")
    marked = tree / "marked"
    shutil.copytree(tree, marked)
    path = tree / "reach.jsonl"
    mutants = named(tree, ["codegen/x.py"])
    files = ["tests/test_x.py", "tests/test_broken.py"]
    assert make_map(mutants, files, lambda: [marked], path)
    made = Reaching(path)
    assert made.done == {*files}
    # Nothing is left to run.
    assert make_map(mutants, files, lambda: pytest.fail("run again"), path)
    return made


def test_tests_that_execute_a_line_come_quickest_first(mapped: Reaching, tree: Path) -> None:
    def tests(line: int) -> list[str]:
        name = next(n for n, m in named(tree, ["codegen/x.py"]).items() if m.line == line)
        return [test.partition("::")[2] for test in mapped.tests(name, tree)]

    assert tests(13) == ["test_zero"]
    assert {*tests(16)} == {"test_fixture", "test_fixture_again"}
    assert tests(10)[-1] == "test_zero" and len(tests(10)) == 4


def test_a_mutant_meets_them_until_one_fails(mapped: Reaching, tree: Path) -> None:
    copy = Copy(tree)
    judge = Judge(copy, mapped, 60)
    found = {}
    try:
        for name, mutant in named(tree, ["codegen/x.py"]).items():
            if mutant.line in (13, 16):
                found[mutant.old] = judge.judge(name, mutant)
    finally:
        copy.close()
    outcome, met = found["1"]
    assert (outcome.what, outcome.test, met) == (NOTICED, "tests/test_x.py::test_zero", REACHING)
    assert found["20"][0].what == SURVIVED


def test_as_many_as_the_seconds_allow_and_one() -> None:
    tests = {"x::a": Cost(1, 0.8), "x::b": Cost(1.5, 0.8), "y::c": Cost(9, 0)}
    assert quickest(tests, 2) == ("x::a", "x::b")
    assert quickest(tests, 0.5) == ("x::a",)
    assert len(quickest(tests)) == 3


def test_what_makes_the_map() -> None:
    files = files_of_tests()
    assert len(files) > 90 and files[0].startswith("tests/ops/")
    assert not any(file.startswith("tests/mutation/") for file in files)
    assert "tests/graph/test_messages.py" in files[-60:]
