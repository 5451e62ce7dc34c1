"""Tests leave the process where they found it, and so do fixtures that several of them share."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

ELSEWHERE = "/a folder that is nowhere"


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder, which the process is left in, as by a network's module that is loaded."""
    folder = tmp_path_factory.mktemp("elsewhere")
    os.chdir(folder)
    sys.path.insert(0, ELSEWHERE)
    return folder


def test_a_shared_fixture_leaves_the_process_in_its_place(elsewhere: Path) -> None:
    assert Path.cwd() == REPOSITORY != elsewhere
    assert ELSEWHERE not in sys.path
    os.chdir(elsewhere)


def test_a_test_leaves_the_process_in_its_place(elsewhere: Path) -> None:
    assert Path.cwd() == REPOSITORY != elsewhere


def test_what_was_collected_is_left_out_when_garbage_is_looked_for() -> None:
    assert gc.isenabled() and gc.get_freeze_count() > 10_000
