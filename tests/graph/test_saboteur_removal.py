"""Whatever goes wrong, nothing goes but what this build made."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import SCons.Errors
from site_tools.marker import check_place

from tests.graph.conftest import Built
from tests.graph.kills import built_files, kill_build
from tests.graph.project import Project, files_below
from tests.graph.wrapped_python import wrapped_python

RECORD = "build/.sconsign.dblite"


@dataclass
class Surroundings:
    """A project, and what belongs to the user: sources, a network, a data set, a folder beside."""

    project: Project
    around: Path

    def theirs(self) -> dict[str, bytes]:
        """Every file of the user's with its content."""
        return {
            name: data
            for name, data in files_below(self.around).items()
            if not name.startswith("project/build/") and "__pycache__" not in name
        }


@pytest.fixture
def surroundings(given: Built, tmp_path: Path) -> Surroundings:
    around = tmp_path / "around"
    project = given.project.clone(around / "project")
    (around / "neighbour" / "app").mkdir(parents=True)
    (around / "neighbour" / "app" / "thesis.txt").write_text("years of work")
    (around / "data" / "MNIST" / "raw").mkdir(parents=True)
    (around / "data" / "MNIST" / "raw" / "train-labels-idx1-ubyte").write_bytes(b"a copy")
    shutil.copy2(project.path("tiny.onnx"), around / "my.onnx")
    project.variables["data_dir"] = str(around / "data")
    return Surroundings(project, around)


def in_the_way(name: str) -> Callable[[Project], object]:
    """A folder where the build keeps a file."""

    def make(project: Project) -> None:
        path = project.path(name)
        if path.exists():
            path.unlink()
        path.mkdir()

    return make


def pipe_for_record(project: Project) -> None:
    project.path(RECORD).unlink()
    os.mkfifo(project.path(RECORD))


def source_that_leads_nowhere(project: Project) -> None:
    source = project.path("firmware/app/console.c")
    source.unlink()
    source.symlink_to("none")


def write(name: str, text: str) -> Callable[[Project], object]:
    return lambda project: project.path(name).write_text(text)


def link_to_network(project: Project) -> None:
    """The record's name leads to the user's file."""
    record = project.path("build/.sconsign.dblite")
    record.unlink()
    record.symlink_to(project.path("tiny.onnx"))


@dataclass(frozen=True)
class Failure:
    """A way in which a build fails."""

    spoil: Callable[[Project], object] = lambda project: None
    targets: tuple[str, ...] = ()
    variables: dict[str, str] = field(default_factory=dict)


FAILURES = {
    "a folder for the record": Failure(in_the_way(RECORD)),
    "a folder for the record, a network elsewhere": Failure(
        in_the_way(RECORD), variables={"network": "../my.onnx"}
    ),
    "a pipe for the record": Failure(pipe_for_record),
    "a link for the record": Failure(link_to_network),
    "a folder for the marker": Failure(in_the_way("build/.nn2flash")),
    "a marker that is none": Failure(write("build/.nn2flash", "[]")),
    "a folder for the lock": Failure(in_the_way("build/.nn2flash.lock")),
    "a template that does not render": Failure(write("templates/app/main.c.j2", "{{ nothing }}")),
    "C that does not compile": Failure(write("templates/app/main.c.j2", "nonsense\n")),
    "a memory that is full": Failure(
        lambda p: p.replace(
            "firmware/boards/mps2_an500/board.toml", "length = 0x01000000", "length = 0x10"
        )
    ),
    "a network that is none": Failure(write("tiny.onnx", "no")),
    "inputs that are none": Failure(variables={"inputs": "README.md"}),
    "a data set that is none": Failure(targets=("elf",), variables={"inputs": "mnist"}),
    "a source that leads nowhere": Failure(source_that_leads_nowhere),
    "no .venv": Failure(lambda p: p.path(".venv").unlink()),
    "built in sources": Failure(variables={"build_dir": "firmware"}),
    "built below sources": Failure(variables={"build_dir": "firmware/app/new"}),
    "sources cleaned": Failure(targets=("-c",), variables={"build_dir": "firmware"}),
    "built in a user's folder": Failure(variables={"build_dir": "../neighbour"}),
    "a user's folder cleaned": Failure(targets=("-c",), variables={"build_dir": "../neighbour"}),
    "all folders cleaned": Failure(targets=("-c",), variables={"build_dir": ".."}),
}


@pytest.mark.sample(6)
@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)
def test_a_failure_costs_nothing(failure: Failure, surroundings: Surroundings) -> None:
    failure.spoil(surroundings.project)
    before = surroundings.theirs()
    for _ in range(2):
        run = surroundings.project.scons(*failure.targets, **failure.variables)
        assert run.status != 0, run.output
        assert "Traceback" not in run.output and 'File "' not in run.output, run.output
        assert surroundings.theirs() == before, run.output


def test_a_record_that_may_not_be_read(surroundings: Surroundings) -> None:
    """Root reads everything, but for what it has given up."""
    project, before = surroundings.project, surroundings.theirs()
    project.path(RECORD).chmod(0)
    drop = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
    words = [*(drop if os.geteuid() == 0 else []), *project.command()]
    for _ in range(2):
        done = subprocess.run(words, cwd=project.root, capture_output=True, text=True, check=False)
        (line,) = done.stderr.splitlines()
        assert done.returncode == 2 and "Permission denied: remove it" in line
        assert surroundings.theirs() == before


def test_no_folder_of_sources_takes_a_build(given: Built) -> None:
    root = given.project.root
    others = {".venv", "build", "__pycache__"}
    folders = [p for p in root.iterdir() if p.is_dir() and p.name not in others]
    assert len(folders) > 12
    for folder in folders:
        with pytest.raises(SCons.Errors.UserError, match=f"{folder.name}/ holds sources"):
            check_place(folder / "new", root, "new")


@pytest.mark.sample(1)
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_end_from_outside_costs_nothing(how: signal.Signals, surroundings: Surroundings) -> None:
    before, whole = surroundings.theirs(), built_files(surroundings.project)
    surroundings.project.build("-c")
    kill_build(surroundings.project, 1.5, how)
    assert surroundings.theirs() == before
    surroundings.project.build()
    assert built_files(surroundings.project) == whole
    assert surroundings.theirs() == before


def test_a_failed_command_costs_only_what_it_makes(surroundings: Surroundings) -> None:
    before = surroundings.theirs()
    after = 'case "$*" in *"codegen subset"*) exit 1; esac'
    with wrapped_python(surroundings.project, after=after):
        assert surroundings.project.scons("-k", subset_seed="5").status != 0
    assert surroundings.theirs() == before
    assert not surroundings.project.path("build/app/test_subset.h").exists()
    assert surroundings.project.path("build/app/app_network.c").exists()


def test_clean_keeps_what_the_user_put_there(project: Project) -> None:
    """Whole folders went once: those whose names begin as ours do."""
    mine = [f"build/{name}" for name in ("model/a.txt", "application/b.txt", "network-notes/c.txt")]
    mine += ["build/mps2_an500/notes/d.txt", "build/model-old.txt"]
    for name in mine:
        project.path(name).parent.mkdir(exist_ok=True, parents=True)
        project.path(name).write_text("mine")
    project.build("-c")
    left = {name for name in built_files(project) if not Path(name).name.startswith(".")}
    assert {f"build/{name}" for name in left} == {*mine}


def test_clean_of_one_target_keeps_a_file_that_it_did_not_make(project: Project) -> None:
    project.build("-c")
    theirs = project.path("build/network/network.c")
    theirs.parent.mkdir()
    theirs.write_text("mine")
    project.build("-c", "generate")
    assert theirs.read_text() == "mine"


def test_a_folder_without_a_marker(project: Project) -> None:
    """One of an earlier version is taken; one with anything else in it is not touched."""
    project.path("build/.nn2flash").unlink()
    assert not project.build().commands
    project.path("build/.nn2flash").unlink()
    project.path("build/notes.txt").write_text("mine")
    before = files_below(project.path("build"))
    for target in ("elf", "-c"):
        run = project.scons(target)
        assert run.status != 0
        (line,) = run.output.strip().splitlines()
        assert "holds files that this build did not make, such as notes.txt: choose" in line
        assert files_below(project.path("build")) == before
