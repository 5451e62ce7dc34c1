"""Targets, help and their answers, without building anything."""

from __future__ import annotations

import subprocess

import pytest

from tests.graph.project import NEWEST_SCONS, REPOSITORY, SCONS


def scons(*words: str, program: str = SCONS) -> subprocess.CompletedProcess[str]:
    """Run SCons in this very tree; `words` must build nothing."""
    return subprocess.run(
        [program, "-Q", *words], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("program", sorted({SCONS, NEWEST_SCONS}))
def test_only_chooses_tests(program: str) -> None:
    shown = scons("-n", "test", "only=ops,report/test_report", "verbose=1", program=program).stdout
    ends = [word.removeprefix(f"{REPOSITORY}/") for word in shown.split()[-2:]]
    assert ends == ["tests/ops", "tests/report/test_report.py"]
    assert scons("-n", "test", "verbose=1").stdout.split()[-1] == f"{REPOSITORY}/tests"
