"""A network module's folder in the build is its own: no other module's, and none of its data."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from codegen.project import begin
from support.removal import remove_temporary_folder
from tests.graph.conftest import Built
from tests.graph.project import Project


@pytest.fixture
def project(of_module: Built, tmp_path: Path) -> Project:
    """A clone of `of_module`, to do anything with."""
    return of_module.project.clone(tmp_path / "project")


def refused(project: Project, **variables: str) -> str:
    """The one line that a run ends with."""
    run = project.scons("-n", **variables)
    assert run.status == 2, run.output
    (line,) = run.output.splitlines()
    return line


def test_two_modules_of_one_name(project: Project) -> None:
    shutil.copytree(project.path("mine"), project.path("theirs"))
    line = refused(project, model="theirs/gearbox.py")
    assert f"build/model/gearbox is that of {project.root}/mine/gearbox.py: give this" in line
    assert line.endswith("a name of its own, name=gearbox_2")
    run = project.scons("-n", model="theirs/gearbox.py", name="gearbox_2")
    assert run.status == 0 and "TRAIN build/model/gearbox_2/weights.pt" in run.commands
    assert not project.build("elf", "evaluate").commands
    # Of one that was moved there is no other.
    remove_temporary_folder(project.path("mine"))
    assert project.scons("-n", model="theirs/gearbox.py").status == 0


def test_data_that_holds_sources_and_the_build(project: Project) -> None:
    """C files and headers among it are data: what they include says nothing of the training."""
    project.replace("mine/gearbox.py", '"classes"]', '"classes", ".."]')
    run = project.build("train")
    assert run.commands == {"TRAIN build/model/gearbox/weights.pt"}
    assert not project.build("train").commands
    shown = project.scons("-n", "--tree=all", "build/model/gearbox/weights.pt").output
    assert (
        "-firmware/app/console.c\n" in shown and "-build/" not in shown.partition("weights.pt\n")[2]
    )
    project.append("firmware/app/console.c", "\n/* edited */\n")
    assert "TRAIN build/model/gearbox/weights.pt" in project.scons("-n").commands


def test_data_that_is_the_build_folder_or_made_in_it(project: Project) -> None:
    project.replace("mine/gearbox.py", '"classes"]', '"classes", "../build"]')
    assert "is no folder of data, it is the build folder" in refused(project)
    project.replace("mine/gearbox.py", '"../build"', '"../build/model/gearbox/test.npz"')
    assert "is what this build makes itself: give a copy of it, elsewhere" in refused(project)
    project.path("mine/other").symlink_to("../build/model")
    project.replace("mine/gearbox.py", '"../build/model/gearbox/test.npz"', '"other"')
    assert "is what this build makes itself: give a copy of it, elsewhere" in refused(project)


def test_data_that_holds_a_hosts_build_folder(tmp_path: Path) -> None:
    """Nothing tells a host's folders from data."""
    begin("regression", tmp_path / "mine", "host")
    module = tmp_path / "mine" / "regression.py"
    text = module.read_text()
    assert 'FILES = ["readings.csv"]' in text
    module.write_text(text.replace('FILES = ["readings.csv"]', 'FILES = ["."]'))
    done = subprocess.run(
        ["scons", "-Q", "-n"],
        cwd=module.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    (line,) = done.stdout.splitlines()
    assert done.returncode == 2
    assert line.startswith("scons: error: ")
    assert "is no folder of data, it holds the build folder" in line
