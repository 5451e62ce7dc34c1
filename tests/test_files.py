"""Files that belong together are replaced together, or not at all; only files are read."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from codegen.arrays import read_arrays
from codegen.idx import read_idx
from device.boards import read_board
from device.comparison import read_outputs
from device.elf import Elf
from model.sources.arrays import load as load_arrays
from model.sources.idx import load as load_idx
from model.sources.tables import load as load_table
from support.errors import UserError
from support.files import read_given, read_json, sha256_file, together, write_text


def test_together_replaces_all_or_none(tmp_path: Path) -> None:
    paths = [tmp_path / "weights.pt", tmp_path / "made" / "training.json"]
    with together(paths) as new:
        for path in new:
            write_text(path, "good")
    with pytest.raises(ValueError), together(paths) as (first, _):
        write_text(first, "half")
        raise ValueError
    assert [path.read_text() for path in paths] == ["good", "good"]
    assert not [*tmp_path.rglob(".tmp-*")]
    assert paths[0].stat().st_mode & 0o444 == 0o444


def test_one_killed_while_it_replaces_leaves_no_mixture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Old files beside new ones would pass for one training's."""
    paths = [tmp_path / "a.pt", tmp_path / "b.json"]
    for path in paths:
        path.write_text("old")

    def killed(_: Path, to: Path) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), together(paths) as new:
        for path in new:
            path.write_text("new")
        monkeypatch.setattr(Path, "replace", killed)
    assert not any(path.exists() for path in paths)


READERS: dict[str, Callable[[Path], object]] = {
    "JSON": read_json,
    "what was given": read_given,
    "arrays": read_arrays,
    "arrays of a module": load_arrays,
    "IDX": read_idx,
    "IDX of a module": load_idx,
    "a table": load_table,
    "a board": read_board,
    "a firmware": Elf,
    "a reference": read_outputs,
    "a hash": sha256_file,
}


@pytest.mark.parametrize("reader", READERS)
def test_a_pipe_is_not_waited_for(reader: str, tmp_path: Path) -> None:
    """Nobody writes to it."""
    os.mkfifo(pipe := tmp_path / "given")
    with pytest.raises(UserError, match="given: not a file"):
        READERS[reader](pipe)
    with pytest.raises(UserError, match=": not a file"):
        READERS[reader](tmp_path)
