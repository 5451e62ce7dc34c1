"""Samples of cases: bounded, the same in each run, all of them where the soak asks."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.sampled import modules, sampled
from tests.soak import CAMPAIGNS, ROOT


def test_a_sample_is_bounded_and_always_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NN2FLASH_TEST_CASES", raising=False)  # the soak runs this, too
    chosen = sampled(range(100), 7)
    assert len(set(chosen)) == 7 and chosen == sorted(chosen)
    assert sampled(range(100), 7) == chosen != sampled(range(100), 7, seed=("host", 1))
    assert sampled("abc", 7) == ["a", "b", "c"]


def test_the_soak_has_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NN2FLASH_TEST_CASES", "99")
    assert len(sampled(range(100), 7)) == 99
    assert sampled(range(50), 7) == list(range(50))
    assert CAMPAIGNS["cases"].words == ("tests.sampled", "--most", "{count}")


MARKED = """\
import pytest


@pytest.mark.sample(3, each=["core"])
@pytest.mark.parametrize("number", range(10))
@pytest.mark.parametrize("core", ["m7", "m4"])
def test_cores(core: str, number: int) -> None:
    assert number != 11


@pytest.mark.sample(2, each=lambda way: way.partition("/")[0])
@pytest.mark.parametrize("way", ["cmake/a", "cmake/b", "make/a", "make/b", "scons"])
def test_ways(way: str) -> None:
    assert way


@pytest.mark.sample(1, together="ends")
def test_one() -> None:
    assert True


@pytest.mark.sample(1, together="ends")
def test_other() -> None:
    assert True
"""


@pytest.fixture
def collected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Names of the tests that pytest collects of `MARKED`, with words behind its own."""
    monkeypatch.delenv("NN2FLASH_TEST_CASES", raising=False)
    shutil.copytree(ROOT / "tests", tmp_path / "tests", ignore=lambda *_: {"kept"})
    for path in (tmp_path / "tests").rglob("test_*.py"):
        path.unlink()
    for name in ("support", "pyproject.toml"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "tests" / "test_marked.py").write_text(MARKED)

    def collect(*words: str) -> list[str]:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "--co", "-q", *words],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": f"{tmp_path}:{ROOT}"},
            capture_output=True,
            text=True,
            check=False,
        )
        return [line for line in done.stdout.splitlines() if "::" in line]

    return collect


def test_a_marked_list_runs_a_sample(
    collected: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a case of each kind, even if these are more than it was to have."""
    found = collected()
    names = [line.partition("::")[2] for line in found]
    cores = [name for name in names if "test_cores" in name]
    assert len(cores) == 3 and {name[11:13] for name in cores} == {"m7", "m4"}
    ways = [name for name in names if "test_ways" in name]
    assert len(ways) == 3 and "test_ways[scons]" in ways
    assert len({way.partition("/")[0] for way in ways}) == 3
    assert len([name for name in names if name in ("test_one", "test_other")]) == 1
    monkeypatch.setenv("NN2FLASH_TEST_CASES", "1000")
    assert len(collected()) == 20 + 5 + 2


def test_what_is_asked_for_runs(collected: Callable[..., list[str]]) -> None:
    """By its name, as a failure is repeated, or by a word, as the saboteur's tests are."""
    assert len(collected("tests/test_marked.py::test_cores")) == 20
    assert len(collected("-k", "test_ways")) == 5


def test_the_campaign_runs_the_modules_that_sample(tmp_path: Path) -> None:
    """As it is called, in a copy that has one such module: all of its cases, and one that fails."""
    assert {ROOT / "tests/embed/test_flags.py", ROOT / "tests/codegen/test_arena.py"} & {
        *modules()
    } == {ROOT / "tests/embed/test_flags.py"}
    assert ROOT / "tests/graph/test_rebuild_table.py" in modules()  # marked
    folder = tmp_path / "tests"
    folder.mkdir()
    (folder / "sampled.py").write_bytes((ROOT / "tests" / "sampled.py").read_bytes())
    (folder / "test_other.py").write_text("def test() -> None:\n    assert False\n")
    (folder / "test_one.py").write_text(
        "import pytest\nfrom tests.sampled import sampled\n\n\n"
        "@pytest.mark.parametrize('x', sampled(range(20), 3))\n"
        "def test(x: int) -> None:\n    assert x != 19\n"
    )
    # Below scons another folder would be looked into, and its modules run, for many minutes.
    done = subprocess.run(
        [sys.executable, "-P", "-m", "tests.sampled"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout.startswith("1 modules: 1 failed, 19 passed")
    assert "assert 19 != 19" in done.stderr
