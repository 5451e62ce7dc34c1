"""Where this user's files lie, also where nobody knows that."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from codegen.xcube import tool
from device.cloud import token
from device.comparison import read_outputs
from device.programmers import st_tools
from model.sources.arrays import load
from support.errors import UserError
from support.places import cache_folder, home


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A user whom the system does not know, as in a container that runs as another one.

    pytest has made `tmp_path` as the one who he is.
    """
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "STEDGEAI_CORE_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000_000)


def test_no_home(nobody: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking there ended in a traceback."""
    assert home() is None and cache_folder() is None
    with pytest.raises(UserError, match="no home to keep a token in") as error:
        token.load()
    assert error.value.remedy == "set HOME, or XDG_CONFIG_HOME"
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert token.load() is None
    assert st_tools.find_programmer("linux", {}, root=tmp_path) is None
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="stedgeai"):
        tool.find_tool()


def test_text_is_no_array_and_no_advice_on_pickles(tmp_path: Path) -> None:
    """NumPy's own words say how to run what a stranger's file holds."""
    (path := tmp_path / "x.npz").write_text("hello")
    for read in (load, read_outputs):
        with pytest.raises(UserError, match=r"\(it holds no plain arrays\)") as error:
            read(path)
        assert "pickle" not in str(error.value) and error.value.remedy
