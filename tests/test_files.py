"""Files that belong together are replaced together, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.files import together, write_text


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
