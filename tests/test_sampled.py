"""Samples of cases: bounded, the same in each run, all of them where the soak asks."""

from __future__ import annotations

import os
import subprocess
import sys
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


def test_the_campaign_runs_the_modules_that_sample(tmp_path: Path) -> None:
    """As it is called, in a copy that has one such module: all of its cases, and one that fails."""
    assert ROOT / "tests" / "embed" / "test_flags.py" in modules()
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
