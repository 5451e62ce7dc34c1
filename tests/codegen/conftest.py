"""The command line of this room, and what it says to a user's mistakes."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from codegen.cli import main
from support.errors import run_cli


@dataclass(frozen=True)
class Refusal:
    """How a command ended."""

    status: int
    stdout: str
    stderr: str


Refused = Callable[..., Refusal]


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
