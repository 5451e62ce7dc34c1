"""What this project's own programs are made of decides whether their commands run again
(site_tools/program.py): names and contents, never times."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.graph.conftest import Built
from tests.graph.project import Project
from tests.graph.wrapped_python import wrapped_python

PLACE = "PLACE build/mps2_an500/placement.json"
GENERATE = "GENERATE build/network/network.c"


@pytest.fixture
def project(given: Built, tmp_path: Path) -> Project:
    """A clone of `given`, to do anything with."""
    return given.project.clone(tmp_path / "project")


def test_another_module_under_the_same_time(project: Project) -> None:
    """As from an archive, an image's layer, or `touch -d`: as many bytes, too."""
    module = project.path("codegen/place.py")
    text = module.read_text()
    for comment in ("one", "two", "one"):
        module.write_text(f"{text}# {comment}\n")
        os.utime(module, (1_577_836_800, 1_577_836_800))
        assert project.build().commands == {PLACE}
    os.utime(module)
    assert not project.build().commands


def test_a_plug_in_more_or_by_another_name(project: Project) -> None:
    """A folder that is searched when the program runs; an empty file is none like the others."""
    more, softmax = (project.path(f"codegen/ops/{name}.py") for name in ("more", "softmax"))
    more.write_text("")
    assert GENERATE in project.build("-n").commands
    more.unlink()
    assert not project.build("-n").commands
    softmax.rename(softmax.with_name("softmaxed.py"))
    assert GENERATE in project.build("-n").commands


def in_one_session(project: Project, *lines: str) -> list[str]:
    """What `scons --interactive`, which reads the graph once, answers to each line."""
    done = subprocess.run(
        project.command("--interactive"),
        cwd=project.root,
        input="\n".join([*lines, "exit", ""]),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout.split("scons>>> ")[1:-1]


def test_an_edit_between_two_builds_of_one_session(project: Project) -> None:
    project.path("edit.sh").write_text("echo '# edited' >> codegen/place.py\n")
    answers = in_one_session(project, "build elf", "!sh edit.sh", "build elf", "build elf")
    assert [answer.startswith("PLACE") for answer in answers] == [False, False, True, False]


def test_an_edit_while_its_command_runs_is_news_for_the_next_build(project: Project) -> None:
    project.append("codegen/place.py", "# one\n")
    edits = f"echo '# another' >> {project.path('codegen/place.py')}"
    with wrapped_python(project, before=f'case "$*" in *" codegen place "*) {edits}; esac'):
        assert project.build().commands == {PLACE}
        answers = in_one_session(project, "build elf", "build elf")
        assert [answer.startswith("PLACE") for answer in answers] == [True, True]
    assert project.build().commands == {PLACE}
    assert not project.build().commands
