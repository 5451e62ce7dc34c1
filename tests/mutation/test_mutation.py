"""Mutation testing: what it makes of a file, what becomes of a fault, and faults known by name."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.graph.project import REPOSITORY, copy_tree
from tests.mutation import mapping
from tests.mutation.explained import EXPLAINED
from tests.mutation.judged import PROOF, Name, Record, Verdict, explanation, named, sample
from tests.mutation.known import KNOWN, Known
from tests.mutation.run import NOTICED, SURVIVED, TIMED_OUT, Copy, Outcome, survivors
from tests.mutation.sites import Mutant, mutants

PYTHON = b'''"""Words, 1 < 2."""
from a import b


@dataclass(frozen=True)
class C:
    x: int


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


# So many of the campaign's mutants are made in each run of the tests.
REPEATED = 8


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copy]:
    """A copy of this tree to put faults into."""
    root = tmp_path_factory.mktemp("mutation") / "copy"
    copy_tree(root)
    (root / "build").mkdir(exist_ok=True)
    made = Copy(root)
    yield made
    made.close()


@pytest.mark.sample(12)
@pytest.mark.parametrize("known", KNOWN.values(), ids=KNOWN)
def test_known_faults_are_noticed(known: Known, copy: Copy) -> None:
    data = (copy.root / known.path).read_text()
    assert data.count(known.old) == 1, "the line has changed: move the fault to where it went"
    start = len(data.partition(known.old)[0].encode())
    mutant = Mutant(known.path, start, start + len(known.old.encode()), known.old, known.new, 0)
    with copy.applied([mutant]):
        assert copy.run(known.tests, 900).status == 1


def test_what_the_campaign_noticed_is_noticed_still(copy: Copy) -> None:
    """Some, each by the test that noticed it when it was judged."""
    chosen = Record().quickly_noticed(copy.root, REPEATED, seed=1)
    assert len(chosen) == REPEATED, "too few of the judged are left: python -m tests.mutation"
    missed = []
    for mutant, verdict in chosen.values():
        with copy.applied([mutant]):
            if copy.run((verdict.test,), 900).status == 0:
                missed.append(f"{mutant}: {verdict.test}")
    assert not missed


def made(path: str, data: bytes) -> set[tuple[int, str, str]]:
    return {(each.line, each.old, each.new) for each in mutants(path, data)}


def test_what_is_made_of_python() -> None:
    """What computes; no docstrings, annotations, imports, messages, kinds of classes."""
    assert made("codegen/x.py", PYTHON) == {
        (10, "3", "4"),
        (11, "x <= 4 and not b", "False"),
        (11, "<=", "<"),
        (11, "4", "5"),
        (11, "and", "or"),
        (11, "x <= 4 and ", ""),
        (11, " and not b", ""),
        (11, "not b", "b"),
        (12, 'raise ValueError(f"{x + 1}")', "pass"),
        (13, "//", "*"),
        (13, "2", "3"),
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


def test_a_name_outlives_edits_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "x.py").write_bytes(PYTHON)
    before = named(tmp_path, ["x.py"])
    assert len(before) == len(mutants("x.py", PYTHON))
    lines = PYTHON.replace(b"return x // 2", b"return x // 3").replace(
        b"def f", b"A = 7\n\n\ndef f"
    )
    (tmp_path / "x.py").write_bytes(lines)
    after = named(tmp_path, ["x.py"])
    gone = {name for name in before if "return x" in name.code}
    assert len(gone) == 2 and before.keys() - after.keys() == gone
    moved = next(name for name in before if name.old == "<=")
    assert (before[moved].line, after[moved].line) == (11, 14)


def test_a_sample_stays_when_the_tree_changes(tmp_path: Path) -> None:
    (tmp_path / "codegen").mkdir()
    for number in range(4):
        (tmp_path / f"codegen/m{number}.py").write_bytes(PYTHON)
    before = sample(tmp_path, 20, seed=1)
    (tmp_path / "codegen/m0.py").write_bytes(PYTHON.replace(b"x <= 4", b"x <= 40"))
    after = sample(tmp_path, 20, seed=1)
    assert len(before) == len(after) == 20
    assert before.keys() - after.keys() <= {n for n in before if n.path == "codegen/m0.py"} | {
        *list(before)[-6:]
    }
    assert sample(tmp_path, 20, seed=2).keys() != before.keys()


def test_a_record_goes_on_where_it_was(tmp_path: Path) -> None:
    name = Name("codegen/x.py", "return 1", "1", "2", 0)
    survived = Verdict(SURVIVED, "", 0.0, "abc", 3, "reaching")
    noticed = Verdict(NOTICED, "tests/test_x.py::test", 1.5, "abd", 3)
    record = Record(tmp_path / "judged.jsonl")
    record.add(name, survived)
    record.add(name, noticed)
    again = Record(tmp_path / "judged.jsonl")
    assert again.found == {name: noticed}
    again.write()
    assert Record(tmp_path / "judged.jsonl").found == {name: noticed}
    assert len((tmp_path / "judged.jsonl").read_text().splitlines()) == 1


def test_what_the_sample_has_no_longer_is_forgotten(tmp_path: Path) -> None:
    record = Record(tmp_path / "judged.jsonl")
    names = [Name("codegen/x.py", "return 1", "1", new, 0) for new in ("2", "3")]
    for name in names:
        record.add(name, Verdict(NOTICED, "tests/test_x.py::test", 1.5, "abc", 3))
    record.forget_others([names[1], Name("codegen/y.py", "", "", "", 0)])
    assert Record(tmp_path / "judged.jsonl").found.keys() == {names[1]}


def test_what_another_process_has_added_is_kept(tmp_path: Path) -> None:
    records = [Record(tmp_path / "judged.jsonl") for _ in (0, 1)]
    names = [Name("codegen/x.py", "return 1", "1", new, 0) for new in ("2", "3")]
    for record, name in zip(records, names, strict=True):
        record.add(name, Verdict(NOTICED, "tests/test_x.py::test", 1.5, "abc", 3))
    records[0].write()
    assert Record(tmp_path / "judged.jsonl").found.keys() == {*names}


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Copy]:
    """Two modules, of which one test looks at the first only."""
    (tmp_path / "seen.py").write_text("def f(x):\n    while x > 0:\n        x -= 1\n    return 7\n")
    (tmp_path / "unseen.py").write_text("def g(x):\n    return x + 1\n")
    (tmp_path / "test_them.py").write_text(
        "import seen, unseen\n\ndef test_f():\n    assert seen.f(2) == 7\n"
    )
    made = Copy(tmp_path)
    yield made
    made.close()


def test_what_becomes_of_a_fault(small: Copy, monkeypatch: pytest.MonkeyPatch) -> None:
    tests = ("test_them.py",)
    files = ("seen.py", "unseen.py")
    before = {path: (small.root / path).read_bytes() for path in files}
    every = {str(m): m for path in files for m in mutants(path, before[path])}
    usual = small.usual(tests)
    assert usual is not None
    monkeypatch.setattr(Copy, "usual", lambda self, tests: (5 - 20) / 3 + usual)
    found = {name: small.judge([mutant], tests) for name, mutant in every.items()}
    noticed = found["seen.py:4: `7` → `8`"]
    assert (noticed.what, noticed.test) == (NOTICED, "test_them.py::test_f")
    assert found["unseen.py:2: `+` → `-`"] == Outcome(SURVIVED)
    assert found["seen.py:3: `x -= 1` → `pass`"] == Outcome(TIMED_OUT)
    assert {path: (small.root / path).read_bytes() for path in before} == before
    # Together, the one that is noticed is told from those that are not.
    group = [every["seen.py:4: `7` → `8`"], every["unseen.py:2: `+` → `-`"]]
    assert survivors(small, group, tests) == group[1:]


def test_what_is_proved_meets_no_test(tmp_path: Path) -> None:
    path, code, old, new = next(key for key in EXPLAINED if len(key) == 4)
    mutant = Mutant(path, 0, 1, old, new, 7)
    proved, other = Name(path, code, old, new, 0), Name(path, code, old, "other", 0)
    record = Record(tmp_path / "judged.jsonl")
    record.add_proved({proved: mutant, other: mutant}, "abc")
    assert record.found == {proved: Verdict(SURVIVED, "", 0.0, "abc", 7, PROOF)}
    assert Record(tmp_path / "judged.jsonl").found == record.found


def test_what_is_explained_is_there() -> None:
    """An edit of the line makes another mutant of it, which needs another proof."""
    paths = sorted({path for path, *_ in EXPLAINED})
    found = {
        (name.path, name.code, " ".join(name.old.split()), name.new)
        for name in named(REPOSITORY, paths)
    }
    assert {key[:4] for key in EXPLAINED} <= found


def test_a_proof_of_one_of_several_alike_is_of_no_other() -> None:
    path, code, old, new, number = next(key for key in EXPLAINED if len(key) == 5)
    assert explanation(Name(path, code, old, new, number))
    assert not explanation(Name(path, code, old, new, number + 1))
