"""The same bytes wherever the project lies and however it is built."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.graph import few_digits
from tests.graph.conftest import Built
from tests.graph.parallel import check_builds
from tests.graph.project import BOOKKEEPING, NEWEST_SCONS, Project, copy_tree, files_below

# What the build keeps for itself, and the file that exists to hold absolute paths.
NOT_COMPARED = (*BOOKKEEPING, "compile_commands.json")


def built_files(project: Project, build_dir: str = "build") -> dict[str, bytes]:
    files = files_below(project.path(build_dir))
    return {name: data for name, data in files.items() if name not in NOT_COMPARED}


def copy_sources(built: Built, root: Path) -> Project:
    """A copy with the same network, and nothing built."""
    project = copy_tree(root, **built.project.variables)
    project.path("tiny.onnx").write_bytes(built.project.path("tiny.onnx").read_bytes())
    return project


def test_other_folder_with_spaces_through_a_link_in_parallel(given: Built, tmp_path: Path) -> None:
    """One build shows it all: from clean with -j8, a path with spaces, entered by a link.

    A sample: `scons soak` builds as often as a missing dependency may need to show.
    """
    project = copy_sources(given, tmp_path / "other place" / "a b")
    link = tmp_path / "link"
    link.symlink_to(project.root)
    linked = Project(link, project.variables)
    check_builds(linked, built_files(given.project), 2)


OPTIMIZED = re.compile(r" (-O\w+) .* -o \S*/(\S+)\.o ")


def test_a_name_compiles_nothing_differently(given: Built) -> None:
    """Kernels are told by what they are, not by "kernels" somewhere in a path."""
    levels = {}
    for name in ("network", "mykernels"):
        run = given.project.build("-n", name=name, verbose="1", build_dir=f"out-{name}")
        found = {path: level for level, path in OPTIMIZED.findall(run.output)}
        levels[name] = {re.sub(f"^{name}(?=[._])", "NAME", path): o for path, o in found.items()}
    assert levels["mykernels"] == levels["network"]
    assert levels["network"]["NAME_data.c"] == "-Os"
    assert levels["network"]["NAME_kernels.c"] == levels["network"]["nn_softmax"] == "-O2"


def test_no_artefact_names_the_folder(given: Built, trained: Built) -> None:
    for built in (given, trained):
        for name, data in built_files(built.project).items():
            assert str(built.project.root).encode() not in data, name


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Nobody may write: root neither, whom modes do not stop but a read-only mount does."""
    tree = [folder, *(path for path in folder.rglob("*") if path.is_dir())]
    folders = [path for path in tree if ".venv" not in path.parts]
    mounted = False
    if os.geteuid() == 0:
        mount = ["mount", "--bind", str(folder), str(folder)]
        mounted = subprocess.run(mount, check=False, capture_output=True).returncode == 0
    for path in folders:
        path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        if mounted:
            subprocess.run(["mount", "-o", "remount,ro,bind", str(folder)], check=True)
        yield
    finally:
        if mounted:
            subprocess.run(["umount", str(folder)], check=True)
        for path in folders:
            path.chmod(stat.S_IRWXU)


def test_build_dir_outside_a_read_only_tree(given: Built, tmp_path: Path) -> None:
    """Nothing is written to the tree, and all bytes are those of a build inside."""
    project = copy_sources(given, tmp_path / "tree")
    before = {path for path in project.root.rglob("*") if "__pycache__" not in path.parts}
    # Its name begins the tree's: whoever maps paths must not take one for the other.
    outside = tmp_path / "tr"
    with read_only(project.root):
        project.build("elf", "compiledb", build_dir=str(outside))
        assert not project.build(build_dir=str(outside)).commands
    after = {path for path in project.root.rglob("*") if "__pycache__" not in path.parts}
    assert after == before
    made = {name: data for name, data in files_below(outside).items() if name not in NOT_COMPARED}
    assert made == built_files(given.project)


def test_a_second_clone_takes_everything_from_the_cache(trained: Built, tmp_path: Path) -> None:
    """Weights, models and objects: nothing is trained, quantized or compiled again."""
    project = copy_tree(tmp_path / "second", **trained.project.variables)
    for name in few_digits.EDITED:
        project.path(name).write_bytes(trained.project.path(name).read_bytes())
    run = project.build("elf")
    assert {command.split()[0] for command in run.commands} <= {"DATASET"}
    assert built_files(project).items() <= built_files(trained.project).items()
    assert not project.build("elf").commands


def test_clean_leaves_the_data_set_and_nothing_else(project: Project, mnist_dir: Path) -> None:
    data = project.path("build/data/MNIST/raw")
    data.parent.mkdir(parents=True)
    data.symlink_to(mnist_dir / "MNIST" / "raw")
    project.build("compiledb")
    project.build("-c")
    left = {path.name for path in project.path("build").iterdir()}
    assert left <= {"data", *BOOKKEEPING}
    assert len(list(data.iterdir())) == 4
    assert project.build().commands


def test_compile_commands_list_every_object_of_the_link(given: Built, project: Project) -> None:
    project.build("compdb")
    entries = json.loads(project.path("build/compile_commands.json").read_text())
    link_map = project.path("build/mps2_an500/firmware.map").read_text()
    linked = {line.split()[1] for line in link_map.splitlines() if line.startswith("LOAD build/")}
    assert linked
    assert {os.path.relpath(e["output"], project.root) for e in entries} == linked
    for entry in entries:
        compiler = entry["command"].split()[0]
        assert Path(compiler).is_absolute()
        assert os.access(compiler, os.X_OK)
        assert Path(entry["file"]).is_file()


@pytest.mark.sample(1)
@pytest.mark.parametrize("board", ["host", "mps2_an500"])
def test_generated_and_hand_written_c_has_no_warnings(project: Project, board: str) -> None:
    project.build(board=board, werror="1")


def test_names_of_folders_are_targets(project: Project) -> None:
    """None of them is 'nothing to be done' because a folder of that name is there."""
    folders = [
        path.name
        for path in project.root.iterdir()
        if path.is_dir() and not path.name.startswith(".")
    ]
    assert {"codegen", "device", "firmware", "templates", "tests"} <= {*folders}
    project.build("-c")
    trained = {"model", "data"} & {*folders}
    for name in trained:
        assert "given, not trained" in project.scons("-n", name).output
    run = project.build("-n", *({*folders} - trained))
    assert "up to date" not in run.output and "Nothing to be done" not in run.output, run.output


def test_null_build_loads_no_heavy_module_and_starts_no_command(project: Project) -> None:
    run = project.scons_where({"PYTHONPROFILEIMPORTTIME": "1"})
    imported = {line.rsplit("|")[-1].strip() for line in run.output.splitlines() if "|" in line}
    assert "SCons.Environment" in imported
    heavy = {"torch", "onnx", "jinja2", "numpy", "onnxruntime", "google"}
    assert not {name.split(".")[0] for name in imported} & heavy
    assert not run.commands


def test_switching_the_board_keeps_the_network(project: Project) -> None:
    project.build(board="host")
    assert not project.build().commands
    assert not project.build(board="host").commands


def test_the_newest_scons_builds_the_same(given: Built, tmp_path: Path) -> None:
    """The other tests run the system's, which is the oldest supported one on Debian 12."""
    if not Path(NEWEST_SCONS).exists():
        pytest.skip("no SCons in .venv")
    project = copy_sources(given, tmp_path / "project")
    project.program = NEWEST_SCONS
    project.build("elf", "compiledb")
    assert not project.build().commands
    assert built_files(project) == built_files(given.project)
    project.append("templates/app/main.c.j2", "\nint edited;\n")
    assert "RENDER build/app/main.c" in project.build().commands
