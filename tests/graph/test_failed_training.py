"""A training that fails or is interrupted costs nothing: what the last good one made stays, and
does not pass for what today's sources make."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.graph.conftest import Built
from tests.graph.kills import built_files
from tests.graph.project import SHOWN, Project
from tests.graph.wrapped_python import wrapped_python

ENDS = 'case "$*" in *" {command} "*) {does}; esac'


@pytest.fixture
def project(of_module: Built, tmp_path: Path) -> Project:
    """A clone of `of_module`, to do anything with."""
    return of_module.project.clone(tmp_path / "project")


def begins_with(command: str, project: Project, **variables: str) -> None:
    """The next run would begin with this command."""
    run = project.scons("-n", **variables)
    assert run.status == 0 and SHOWN.findall(run.output)[0][0] == command


def test_a_mistake_in_the_module_costs_no_training(of_module: Built, project: Project) -> None:
    project.replace("mine/gearbox.py", "np.load(FILES[0])", "np.load(FILES[3])")
    run = project.scons("-k")
    assert run.status == 2 and "IndexError" in run.output
    assert built_files(project) == built_files(of_module.project)
    begins_with("TRAIN", project)
    project.replace("mine/gearbox.py", "np.load(FILES[3])", "np.load(FILES[0])")
    assert not project.build("elf", "evaluate").commands


def test_a_refused_quantization_leaves_the_last_one(of_module: Built, project: Project) -> None:
    with wrapped_python(project, before=ENDS.format(command="model quantize", does="exit 1")):
        assert project.scons(max_accuracy_drop="9").status == 2
    assert built_files(project) == built_files(of_module.project)
    begins_with("QUANTIZE", project, max_accuracy_drop="9")


@pytest.mark.sample(1)
@pytest.mark.parametrize("before", [True, False])
def test_a_training_that_writes_nothing_is_none(
    before: bool, of_module: Built, project: Project
) -> None:
    """A module may end the program in a way that Python cannot catch, as if all was well."""
    kept = built_files(of_module.project)
    if not before:
        project.path("build/model/gearbox/weights.pt").unlink()
    project.replace("mine/gearbox.py", "import os", "import os; os._exit(0)")
    run = project.scons("elf")
    told = "weights.pt: its command ended without having written it"
    assert run.status == 2 and told in run.output and run.output.count("error: ") == 1
    begins_with("TRAIN", project)
    if before:
        assert built_files(project) == kept


@pytest.mark.sample(1)
@pytest.mark.parametrize("how", ["INT", "TERM", "KILL"])
def test_an_interrupted_training_leaves_the_last_one(
    how: str, of_module: Built, project: Project
) -> None:
    """SCons gets the signal when the command has begun, which Ctrl-C ends, too."""
    does = f"kill -{how} $PPID; exit 130"
    with wrapped_python(project, before=ENDS.format(command="model train", does=does)):
        assert project.scons(seed="1").status != 0
    assert built_files(project) == built_files(of_module.project)
    begins_with("TRAIN", project, seed="1")
    assert not project.build("elf", "evaluate").commands


def test_what_a_failed_training_wrote_is_no_training(of_module: Built, project: Project) -> None:
    """It had replaced the files already: neither the old sources nor the new ones made them."""
    with wrapped_python(project, after=ENDS.format(command="model train", does="exit 1")):
        assert project.scons(seed="1").status == 2
    assert not project.path("build/model/gearbox/weights.pt").exists()
    assert "TRAIN build/model/gearbox/weights.pt" in project.build("elf", "evaluate").commands
    assert built_files(project) == built_files(of_module.project)


def test_a_disk_that_fills_up_at_the_last_file(of_module: Built, project: Project) -> None:
    """The weights could be written, the parts not: all files are of one training."""
    small = project.path("build/model/gearbox")
    kept = {path.name: path.read_bytes() for path in small.iterdir()}
    pages = sum(-(-len(data) // 4096) for data in kept.values())
    mount = ["mount", "-t", "tmpfs", "-o", f"size={4 * (pages + 3)}k"]
    if subprocess.run([*mount, "none", str(small)], check=False, capture_output=True).returncode:
        pytest.skip("may not mount a file system")
    try:
        for name, data in kept.items():
            (small / name).write_bytes(data)
        run = project.scons(seed="1")
        assert run.status == 2 and "No space left on device" in run.output
        assert {path.name: path.read_bytes() for path in small.iterdir()} == kept
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_mnist_is_no_exception(trained: Built, tmp_path: Path) -> None:
    project = trained.project.clone(tmp_path / "project")
    for command, change in (("train", {"seed": "1"}), ("quantize", {"max_accuracy_drop": "4"})):
        with wrapped_python(project, before=ENDS.format(command=command, does="exit 1")):
            assert project.scons(**change).status == 2
        assert built_files(project) == built_files(trained.project)
        begins_with(command.upper(), project, **change)
        assert not project.build().commands


def test_ignored_errors_make_no_training_of_it(of_module: Built, project: Project) -> None:
    """With -i SCons takes a failed command for a good one, and records and caches its files."""
    cache = {"cache_dir": str(project.path("cache"))}
    with wrapped_python(project, before=ENDS.format(command="model train", does="exit 1")):
        project.scons("-i", seed="1", **cache)
    begins_with("TRAIN", project, seed="1", **cache)
    assert not list(project.path("cache").glob("*/*"))


@pytest.mark.sample(1)
@pytest.mark.parametrize("name", ["mine/gearbox.py", "model/module/fit.py"])
def test_an_edit_before_a_training_has_begun_is_none_of_its(name: str, project: Project) -> None:
    """SCons had seen the file as it was before; loading PyTorch takes seconds."""
    module = project.path(name)
    before = module.read_bytes()
    edits = f"echo 'EPOCHS = 1' >> {module}"
    with wrapped_python(project, before=ENDS.format(command="model train", does=edits)):
        project.scons("train", seed="1")
    module.write_bytes(before)
    begins_with("TRAIN", project, seed="1")


def test_half_a_training_in_the_cache_is_none(project: Project) -> None:
    """SCons would restore what is there over the last one, and remove it when the rest is not."""
    cache = {"cache_dir": str(project.path("cache"))}
    assert project.scons("train", seed="1", **cache).status == 0
    other = project.path("build/model/gearbox/training.json").read_bytes()
    weights = project.path("build/model/gearbox/weights.pt").read_bytes()
    project.build("train", **cache)
    last = built_files(project)
    cached = {path.read_bytes(): path for path in project.path("cache").glob("*/*")}
    cached[other].unlink()
    with wrapped_python(project, before=ENDS.format(command="model train", does="exit 1")):
        assert project.scons("train", seed="1", **cache).status == 2
    assert built_files(project) == last
    begins_with("TRAIN", project, seed="1", **cache)
    cached[other].write_bytes(other)
    assert not project.build("train", seed="1", **cache).commands
    assert project.path("build/model/gearbox/weights.pt").read_bytes() == weights
