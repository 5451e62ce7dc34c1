"""A user's own files and edits stay: refused with one message, and then nothing is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from codegen.ide.written import RECORD, write_generated
from support.errors import UserError
from tests.graph.project import Project, files_below
from tests.ide.opened import Opened


def test_writes_and_writes_again(tmp_path: Path) -> None:
    assert write_generated(tmp_path, {"a": "1", "b/c": "2"}) == ["a", "b/c"]
    assert write_generated(tmp_path, {"a": "1", "b/c": "3"}) == ["b/c"]
    assert (tmp_path / "b/c").read_text() == "3"


@pytest.mark.parametrize("content", ["edited", ""])
def test_edit_stays(tmp_path: Path, content: str) -> None:
    write_generated(tmp_path, {"a": "1", "b": "2", "c": "3"})
    (tmp_path / "b").write_text(content)
    before = files_below(tmp_path)
    with pytest.raises(UserError, match=f"^{tmp_path}/b: edited since") as caught:
        write_generated(tmp_path, {"a": "new", "b": "new", "c": "new"})
    assert caught.value.remedy
    assert files_below(tmp_path) == before


def test_edit_in_a_file_that_would_not_change_anyway(tmp_path: Path) -> None:
    """The edit is seen although the new text is the one that was written last."""
    write_generated(tmp_path, {"a": "1"})
    (tmp_path / "a").write_text("edited")
    with pytest.raises(UserError):
        write_generated(tmp_path, {"a": "1"})


def test_foreign_files_stay_and_all_are_named(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("somebody's")
    (tmp_path / "d").mkdir()
    (tmp_path / "link").symlink_to("nowhere")
    with pytest.raises(UserError) as caught:
        write_generated(tmp_path, {"a": "1", "b": "2", "d": "3", "link": "4"})
    for name in ("a", "d", "link"):
        assert str(tmp_path / name) in caught.value.message
    assert not (tmp_path / "b").exists()
    assert not (tmp_path / RECORD).exists()


def test_the_same_text_is_nobodys_edit(tmp_path: Path) -> None:
    """A clone of a repository that has the files, but not the record."""
    (tmp_path / "a").write_text("1")
    assert write_generated(tmp_path, {"a": "1"}) == []
    assert write_generated(tmp_path, {"a": "2"}) == ["a"]


def test_record_keeps_other_boards_files(tmp_path: Path) -> None:
    write_generated(tmp_path, {"kit.launch": "1", "shared": "1"})
    write_generated(tmp_path, {"shared": "2"})
    assert write_generated(tmp_path, {"kit.launch": "2", "shared": "1"}) == ["kit.launch", "shared"]


@pytest.mark.parametrize("content", ["", "[]", "{"])
def test_broken_record(tmp_path: Path, content: str) -> None:
    (tmp_path / RECORD).write_text(content)
    with pytest.raises(UserError, match=RECORD):
        write_generated(tmp_path, {"a": "1"})


def test_scons_ide_leaves_an_edited_file(project: Project) -> None:
    """Other variables would change every file; one was edited, so none is written."""
    edited = project.path("build/stm32h750b_dk/ide/.vscode/tasks.json")
    edited.write_text(edited.read_text().replace("scons elf", "my own build"))
    folder = project.path("build/stm32h750b_dk/ide")
    before = files_below(folder)
    run = project.scons("ide", name="other", ide_dir="build/stm32h750b_dk/ide")
    assert run.status != 0
    messages = [line for line in run.output.splitlines() if "error:" in line]
    assert len(messages) == 1
    assert str(edited) in messages[0]
    assert "Traceback" not in run.output
    assert files_below(folder) == before
    edited.unlink()
    project.build("ide", name="other", ide_dir="build/stm32h750b_dk/ide")
    assert "name=other" in Opened(project, folder).tasks()["scons elf"]["args"]


def test_scons_ide_twice_changes_nothing(project: Project) -> None:
    folder = project.path("build/stm32h750b_dk/ide")
    before = files_below(folder)
    assert "0 of them changed" in project.build("ide").output
    assert files_below(folder) == before


def test_cleaning_leaves_files_in_the_project(project: Project) -> None:
    project.build("-c", "ide", ide_dir=".")
    assert project.path(".vscode/launch.json").is_file()
    assert project.path(".project").is_file()
