"""A name is nothing but a name: not a command, not a variable, not part of the firmware."""

from __future__ import annotations

import json
import shlex
import shutil
import string
from pathlib import Path

import pytest

from tests.graph.conftest import Built
from tests.graph.project import Project, copy_tree, files_below
from tests.graph.test_everywhere import built_files

# Every printable character that a name can have and that is not refused.
ODD = "".join(sorted({*string.printable.strip()} - {*string.ascii_letters, *string.digits, *"/$"}))
ODD = f"x {ODD} `touch X`;touch X&touch X|touch X>X #(x){{x}}"


def test_a_clone_with_every_printable_character(given: Built, tmp_path: Path) -> None:
    project = copy_tree(tmp_path / ODD, **given.project.variables)
    project.path("tiny.onnx").write_bytes(given.project.path("tiny.onnx").read_bytes())
    project.build("elf", "sim", "compiledb")
    assert not project.build().commands
    assert built_files(project) == built_files(given.project)
    assert not list(tmp_path.rglob("X*"))
    for entry in json.loads(project.path("build/compile_commands.json").read_text()):
        assert entry["file"] in shlex.split(entry["command"])


def test_every_path_with_every_printable_character(project: Project, tmp_path: Path) -> None:
    """The network, the build folder, the package's, all at once."""
    network = tmp_path / ODD / "tiny.onnx"
    network.parent.mkdir()
    shutil.move(project.path("tiny.onnx"), network)
    outside = tmp_path / f"{ODD} built".replace("%", "")
    package = tmp_path / f"{ODD} package"
    folders = {"build_dir": str(outside), "dest": str(package), "data_dir": str(tmp_path / ODD)}
    project.build("elf", "sim", "package", network=str(network), **folders)
    elf = outside / "mps2_an500" / "firmware.elf"
    assert elf.read_bytes() == project.elf()
    assert (package / "manifest.json").is_file()
    assert not list(tmp_path.rglob("X*"))
    assert not project.build("elf", network=str(network), **folders).commands
    shutil.move(network, tmp_path / f"{ODD}.onnx")
    project.build("generate", network=str(tmp_path / f"{ODD}.onnx"))
    assert not list(tmp_path.rglob("X*"))


@pytest.mark.sample(4, each=["letter"])
@pytest.mark.parametrize(
    "key", ["network", "build_dir", "data_dir", "dest", "bundle", "inputs", "cache_dir"]
)
@pytest.mark.parametrize("letter", ["$", "\n"], ids=["dollar", "line feed"])
def test_what_cannot_be_is_refused_in_a_line(key: str, letter: str, project: Project) -> None:
    folder = project.path(f"a{letter}b")
    folder.mkdir()
    before = files_below(project.root)
    run = project.scons(**{key: f"a{letter}b"})
    assert run.status == 2
    (line,) = run.output.strip().splitlines()
    assert f"{key}=a" in line and "rename it" in line
    assert files_below(project.root) == before


def test_a_clone_with_a_dollar_is_refused_in_a_line(given: Built, tmp_path: Path) -> None:
    project = copy_tree(tmp_path / "a$b", **given.project.variables)
    run = project.scons()
    assert run.status == 2
    (line,) = run.output.strip().splitlines()
    assert "a$b: a dollar sign" in line


def test_a_build_folder_that_the_linker_would_misread(project: Project) -> None:
    run = project.scons(build_dir="100%")
    assert run.status == 2
    (line,) = run.output.strip().splitlines()
    assert "build_dir=100%: give a folder without a %" in line


@pytest.mark.parametrize("name", ["-built", "#built"])
def test_a_build_folder_that_looks_like_something_else(name: str, project: Project) -> None:
    run = project.scons(build_dir=name)
    assert run.status == 2
    (line,) = run.output.strip().splitlines()
    assert f"build_dir={name}: give a folder, ./{name}" in line
