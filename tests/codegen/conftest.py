"""The command line of this package, and what it says to a user's mistakes."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from codegen.cli import main
from support.errors import run_cli
from tests.codegen.models import two_layers


@dataclass(frozen=True)
class Refusal:
    """How a command ended."""

    status: int
    stdout: str
    stderr: str


Refused = Callable[..., Refusal]


def check(refusal: Refusal, message: str, remedy: str) -> None:
    """Exit status 1 and one message in two lines: what is wrong, and what to do."""
    assert refusal.status == 1, refusal.stderr
    assert refusal.stdout == ""
    lines = refusal.stderr.splitlines()
    assert len(lines) == 2, refusal.stderr
    assert lines[0].startswith("codegen: error: ")
    assert re.search(message, lines[0]), refusal.stderr
    assert re.match(r"  remedy: .", lines[1]) and re.search(remedy, lines[1]), refusal.stderr


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small network's file."""
    return two_layers().save(tmp_path_factory.mktemp("model") / "model.onnx")


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Refused:
    """refused(*words): run `python -m codegen <words>` in this process; warnings are errors."""

    def run(*words: Any) -> Refusal:
        monkeypatch.setattr("sys.argv", ["codegen", *map(str, words)])
        with warnings.catch_warnings(), pytest.raises(SystemExit) as ended:
            warnings.simplefilter("error")
            run_cli("codegen", main)
        out, err = capfd.readouterr()
        assert isinstance(ended.value.code, int)
        return Refusal(ended.value.code, out, err)

    return run
