"""The rule for removing files."""

from __future__ import annotations

import ast
import tempfile
from pathlib import Path

import pytest

from support.removal import removable, remove, remove_temporary_folder
from tests.graph.project import REPOSITORY, files_below

VICTIM = "victim.txt"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of ours beside files that are not."""
    (tmp_path / VICTIM).write_text("mine")
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / VICTIM).write_text("mine")
    ours = tmp_path / "ours"
    (ours / "a" / "b").mkdir(parents=True)
    for name in ("a/made", "a/mine", "a/b/made", "a/.tmp-x.c", ".tmp-y", "top"):
        (ours / name).write_text(name)
    (ours / "link").symlink_to(tmp_path / "theirs")
    (ours / "a" / "leads-out").symlink_to(tmp_path / VICTIM)
    return ours


@pytest.mark.parametrize(
    "name",
    ["../victim.txt", "a/../../victim.txt", "link/victim.txt", "a/mine", "a/b", "link/..", "", "."],
)
def test_stays(name: str, folder: Path) -> None:
    made = {name, "a/made"} - {"a/mine"}
    assert removable(folder, name, made) is None
    assert removable(folder, str(folder.parent / VICTIM), {str(folder.parent / VICTIM)}) is None


def test_what_is_recorded_goes_and_folders_that_this_leaves_empty(folder: Path) -> None:
    made = {"a/made", "a/b/made", "a/leads-out", "none", "../victim.txt"}
    outside = files_below(folder.parent / "theirs"), (folder.parent / VICTIM).read_text()
    assert remove(folder, sorted(made), made) == ["a/b/made", "a/leads-out", "a/made"]
    assert (files_below(folder.parent / "theirs"), (folder.parent / VICTIM).read_text()) == outside
    assert not (folder / "a" / "b").exists()
    assert (folder / "a" / "mine").exists()


def test_temporaries_go_where_something_was_made(folder: Path) -> None:
    assert removable(folder, "a/.tmp-x.c", {"a/made"}) == folder / "a" / ".tmp-x.c"
    assert removable(folder, ".tmp-y", {"a/made"}) is None
    assert removable(folder, ".tmp-y", {"top"}) == folder / ".tmp-y"


@pytest.mark.parametrize("name", ["theirs", "ours/../theirs", "ours/a/leads-out", "", "ours"])
def test_folders_go_whole_from_the_temporary_one_only(
    name: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here that one is `ours`; neither it itself goes, nor what `..` or a link leads to."""
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    (folder / "a" / "leads-out").unlink()
    (folder / "a" / "leads-out").symlink_to(folder.parent / "theirs")
    before = files_below(folder.parent)
    with pytest.raises(ValueError, match="is no temporary folder"):
        remove_temporary_folder(folder.parent / name)
    assert files_below(folder.parent) == before
    with pytest.raises(ValueError, match="is no temporary folder"):
        remove_temporary_folder(folder / "link" / "sub")
    remove_temporary_folder(folder / "a")
    assert not (folder / "a").exists() and (folder.parent / "theirs" / VICTIM).exists()
    remove_temporary_folder(folder / "a")


def test_nothing_else_removes_whole_folders() -> None:
    """What makes temporary folders with `tempfile` has them removed there."""
    removers = {
        str(path.relative_to(REPOSITORY))
        for package in ("support", "model", "codegen", "device", "nn2flash", "site_scons", "tests")
        for path in (REPOSITORY / package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.Attribute) and node.attr in ("rmtree", "removedirs")
    }
    assert removers == {"support/removal.py"}


# Who removes a single file without asking the rule, and which: none that a user may have made.
OWN = {
    "support/files.py": "the temporary that it has just written",
    "support/removal.py": "the rule itself",
    "codegen/xcube/bundle.py": "the manifest that it writes anew",
    "device/cloud/benchmark.py": "the record of a run that has ended",
    "device/cloud/generate.py": "that, and the download that was cut off",
    "device/cloud/runs.py": "the record of a run that has failed",
    "device/cloud/token.py": "its own temporary; the token that the user wants forgotten",
    "site_scons/site_tools/build_cache.py": "the temporaries that it has just fetched",
    "site_scons/site_tools/marker.py": "its own temporary in a folder that is ours",
    "site_scons/site_tools/nn_xcube.py": "the manifest of an import that is not whole",
    "site_scons/site_tools/state.py": "SCons' record, damaged or half written",
}


def test_nothing_else_removes_a_file() -> None:
    removers = {
        str(path.relative_to(REPOSITORY))
        for package in ("support", "model", "codegen", "device", "nn2flash", "site_scons")
        for path in (REPOSITORY / package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and (node.func.attr == "unlink" or ast.unparse(node.func) in ("os.remove", "shutil.move"))
    }
    assert removers == {*OWN}
