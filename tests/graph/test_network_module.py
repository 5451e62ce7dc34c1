"""`model=my_net.py`: from a user's module to bytes in QEMU, and what an edit makes again."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import SCons.Errors
from site_tools.module_literals import (
    FileNames,
    declared_files,
    declared_method,
    declared_names,
    declared_recipes,
    declared_source,
    declared_subset,
    parsed,
)
from site_tools.network_module import DEFAULT, imported

from tests.graph.conftest import Built
from tests.graph.own_network import CLASSES, write_own_network
from tests.graph.project import Project


@pytest.fixture
def project(of_module: Built, tmp_path: Path) -> Project:
    """A clone of `of_module`, to do anything with."""
    return of_module.project.clone(tmp_path / "project")


def test_from_a_module_to_the_emulator(of_module: Built, project: Project) -> None:
    assert "TRAIN build/model/gearbox/weights.pt" in of_module.clean
    assert "LINK build/mps2_an500-gearbox/firmware.elf" in of_module.clean
    # Nothing here speaks of digits, until the module says that it is about some.
    assert "SUBSET build/app-gearbox/test_subset.h" in of_module.clean
    for name in ("test_subset.h", "main.c"):
        text = project.path(f"build/app-gearbox/{name}").read_text().lower()
        assert "digit" not in text and "mnist" not in text
    page = "build/mps2_an500-gearbox-validate/demo.html"
    project.build(page, app="validate")
    assert "const digits = false;" in project.path(page).read_text()
    run = project.build("run")
    assert not run.commands
    assert 'network "gearbox"' in run.output
    # The test part has 40 inputs, fewer than subset_size=100; four classes.
    assert "160/160 output bytes identical to the reference" in run.output
    assert "success " in run.output and " of 40, accuracy " in run.output
    # The console says the classes' names; as many as there are inputs, and right where it says so.
    told = re.findall(r"^input \d+: label (\w+), recognized (\w+)( *<-- wrong)?$", run.output, re.M)
    assert len(told) == 40 and {name for pair in told for name in pair[:2]} <= {*CLASSES}
    assert all((label == recognized) != bool(wrong) for label, recognized, wrong in told)


def would_run(project: Project, *targets: str, **variables: str) -> set[str]:
    """Labels of the commands that would run, in a project whose network is never made again."""
    run = project.scons("-n", *targets, **variables)
    assert run.status == 0, run.output
    return {command.partition(" ")[0] for command in run.commands}


def test_what_an_edit_trains_again(project: Project) -> None:
    assert would_run(project, "elf") == set()
    folder = project.path("mine")
    for name in ("gearbox.py", "layers_of_mine.py", "readings.npy"):
        kept = (folder / name).read_bytes()
        with (folder / name).open("ab") as stream:
            stream.write(b"\n# edited\n")
        # What follows depends on the bytes that come out of these.
        assert would_run(project, "elf") == {"TRAIN", "ONNX", "QUANTIZE"}, name
        (folder / name).write_bytes(kept)
    (folder / "notes.py").write_text("NOTES = 2\n")
    assert would_run(project, "elf") == set()
    project.append("model/module/fit.py", "\n# edited\n")
    assert would_run(project, "elf") == {"TRAIN", "QUANTIZE"}


def test_saboteur_a_name_of_data_is_data(project: Project) -> None:
    """A folder's name may be a label: other names in the same order are no contents that differ."""
    classes = project.path("mine/classes")
    (classes / "run").rename(classes / "rush")
    assert would_run(project, "elf") == {"TRAIN", "ONNX", "QUANTIZE"}
    (classes / "rush").rename(classes / "run")
    assert would_run(project, "elf") == set()


def test_the_test_part_decides_nothing(project: Project) -> None:
    """Kernels, too, are chosen by inputs of the training part."""
    whole = project.scons("-n", "--tree=all", "build/network-gearbox/gearbox.c").output
    assert "build/model/gearbox/calibration.npz" in whole
    for name in ("test.npz", "test_part.npz", "reference_test.npz"):
        assert f"build/model/gearbox/{name}" not in whole


def test_two_modules_side_by_side(project: Project) -> None:
    shutil.copy(project.path("mine/gearbox.py"), project.path("mine/pump.py"))
    run = project.scons("-n", "elf", model="mine/pump.py")
    assert "TRAIN build/model/pump/weights.pt" in run.commands
    assert "GENERATE build/network-pump/pump.c" in run.commands
    named = project.scons("-n", "elf", name="fan")
    assert "TRAIN build/model/fan/weights.pt" in named.commands


def test_data_beside_a_module(project: Project) -> None:
    """A file of `data=` is an input of the training, and of nothing else."""
    np.savez(project.path("x.npz"), x=np.zeros((20, 8), np.float32), y=np.arange(20) % 4)
    shown = project.scons("-n", "--tree=all", "build/model/gearbox/weights.pt", data="x.npz")
    assert "TRAIN build/model/gearbox/weights.pt" in shown.commands
    assert "-x.npz" in shown.output
    np.save(project.path("x.npy"), np.zeros((20, 8), np.float32))
    np.save(project.path("y.npy"), np.arange(20) % 4)
    words = ("-n", "--tree=all", "build/model/gearbox/weights.pt")
    told = project.scons_where({}, *words, data="x.npy", verbose="1").output
    assert "-y.npy" in told.replace(f"{project.root}/", "")
    assert f"--data {project.root}/x.npy --file {project.root}/y.npy" in told
    os.mkfifo(project.path("endless.csv"))
    run = project.scons("elf", data="endless.csv")
    assert run.status == 2 and "data=endless.csv: is neither a file nor a folder" in run.output
    alone = Project(project.root, {"board": "mps2_an500", "network": "tiny.onnx"})
    assert "data=x.npz: is for a network module" in alone.scons("elf", data="x.npz").output
    assert "data=none: no such file or folder" in project.scons("elf", data="none").output


MISTAKES = {
    "a network instead": (
        {"model": "tiny.onnx"},
        "model=tiny.onnx: is no Python file with network() and data()",
    ),
    "a module as a network": (
        {"model": "", "network": "mine/gearbox.py"},
        "network=mine/gearbox.py: is a network module: model=mine/gearbox.py",
    ),
    "both": ({"network": "tiny.onnx"}, "network=tiny.onnx: is for a network that is given"),
    "no recipes": ({"recipe": "guide"}, "recipe=guide: gearbox.py has no recipes"),
    "a recipe for a network that is there": (
        {"model": "", "network": "tiny.onnx", "recipe": "guide"},
        "recipe=guide: is for training, and network=tiny.onnx is given",
    ),
    "no such file": ({"model": "none.py"}, "model=none.py: no such file"),
    "a module in capitals": (
        {"model": "mine/2ND.PY"},
        "'2nd' is no name in C: give one with name=",
    ),
    "such a one as a network": (
        {"model": "", "network": "mine/2ND.PY"},
        "network=mine/2ND.PY: is a network module: model=mine/2ND.PY",
    ),
    "no name": ({"model": "mine/2nd.py"}, "'2nd' is no name in C: give one with name="),
}


@pytest.mark.sample(3)
@pytest.mark.parametrize("name", MISTAKES)
def test_a_wrong_variable_gets_one_line(name: str, project: Project) -> None:
    variables, told = MISTAKES[name]
    for copy in ("mine/2nd.py", "mine/2ND.PY"):
        shutil.copy(project.path("mine/gearbox.py"), project.path(copy))
    settings = {k: v for k, v in {**project.variables, **variables}.items() if v}
    run = Project(project.root, settings).scons("elf")
    assert run.status == 2
    assert run.output.count("error: ") == 1
    assert told in run.output
    assert "Traceback" not in run.output


def test_a_mistake_in_the_module_ends_the_build(project: Project) -> None:
    project.replace("mine/gearbox.py", "np.load(FILES[0])", 'np.load("others.npy")')
    shutil.copy(project.path("mine/readings.npy"), project.path("mine/others.npy"))
    run = project.scons("elf")
    assert run.status == 2
    assert 'name it at the top of the module: FILES = ["others.npy"]' in run.output
    assert "Traceback" not in run.output
    project.replace("mine/gearbox.py", 'FILES = ["readings.npy"', 'FILES = [os.sep, "readings.npy"')
    run = project.scons("elf")
    assert "mine/gearbox.py:8: FILES is read without running the module" in run.output


def test_data_is_named_in_a_literal(tmp_path: Path) -> None:
    path = tmp_path / "net.py"
    told = {
        "DATA = 3": r"net\.py:1: DATA is read without running",
        "import os\nDATA = os.sep": r"net\.py:2: DATA is read without running",
        '\nDATA = "MNIST"': r"net\.py:2: DATA names 'MNIST', which is not there, and no set that",
        'DATA = "a.csv"': r"net\.py:1: DATA names 'a\.csv', .* \(mnist, basic_motions\): mend it$",
    }
    for text, message in told.items():
        path.write_text(text)
        with pytest.raises(SCons.Errors.UserError, match=message):
            declared_source(path, parsed(path))
    (tmp_path / "a.csv").write_text("x,y\n1,2\n")
    assert declared_source(path, parsed(path)) == str(tmp_path / "a.csv")
    for text, source in (
        ('DATA = "mnist"', "mnist"),
        ('DATA = "basic_motions"', "basic_motions"),
        ("x = 1", ""),
    ):
        path.write_text(text)
        assert declared_source(path, parsed(path)) == source


def test_what_the_test_inputs_are_called_is_a_literal(tmp_path: Path) -> None:
    """A module that is one of digits says so; all others have inputs."""
    path = tmp_path / "net.py"
    for text, name in (
        ("x = 1", "test_subset"),
        ('SUBSET = "mnist_test_subset"', "mnist_test_subset"),
        ('SUBSET: str = "fan_2_test_subset"', "fan_2_test_subset"),
    ):
        path.write_text(text)
        assert declared_subset(path, parsed(path)) == name
    for text in ("SUBSET = 3", 'SUBSET = "digits"', 'SUBSET = "A_test_subset"', "SUBSET = x"):
        path.write_text(f"\n{text}")
        with pytest.raises(SCons.Errors.UserError, match=r"net\.py:2: SUBSET is read without"):
            declared_subset(path, parsed(path))
    examples = Path(__file__).resolve().parents[2] / "examples"
    of_digits = examples / "mnist_cnn" / "mnist_cnn.py"
    assert declared_subset(of_digits, parsed(of_digits)) == "mnist_test_subset"


def test_what_files_and_recipes_are_called_is_a_literal(tmp_path: Path) -> None:
    """The guide's names are those of its module; any other may have such ones."""
    guides = Path(__file__).resolve().parents[2] / DEFAULT
    tree = parsed(guides)
    names = FileNames("mnist.pt", "mnist_model.onnx", "mnist_model_int8.onnx")
    assert declared_names(guides, tree) == names
    assert declared_recipes(guides, tree) == ["augmented", "guide"]
    assert declared_method(guides, tree) == "minmax"
    assert declared_subset(guides, tree) == "mnist_test_subset"
    path = tmp_path / "net.py"
    path.write_text("x = 1")
    assert declared_names(path, parsed(path)) == FileNames("weights.pt", "float.onnx", "int8.onnx")
    assert declared_recipes(path, parsed(path)) == []
    assert declared_method(path, parsed(path)) == ""
    for text, read in (
        ('PREFIX = "a/b"', declared_names),
        ('CALIBRATION = "minmx"', declared_method),
        ("RECIPES = ()", declared_recipes),
        ('RECIPES = "quick"', declared_recipes),
        ('RECIPES = ("-x", "quick")', declared_recipes),
        ('RECIPES = ("", "quick")', declared_recipes),
        ('RECIPES = ("quick", "quick")', declared_recipes),
    ):
        path.write_text(f"\n{text}")
        name = text.split()[0]
        with pytest.raises(SCons.Errors.UserError, match=rf"net\.py:2: {name} is read without"):
            read(path, parsed(path))


HERE = "is read without running the module: it gets a value here"
ELSEWHERE = {
    "assigned again": ('FILES = ["a.csv"]\nFILES = ["b.csv"]', rf":2: FILES {HERE}, .* line 1"),
    "added to": ('FILES = ["a.csv"]\nFILES += ["b.csv"]', rf":2: FILES {HERE}"),
    "in a branch": ('if True:\n    SUBSET = "fan_test_subset"', rf":2: SUBSET {HERE}:"),
    "in a branch, too": ('DATA = "mnist"\nif 1:\n    DATA = "x.npz"', rf":3: DATA {HERE}"),
    "in a branch before": ('if 1:\n    DATA = "mnist"\nDATA = "x.npz"', rf":2: DATA {HERE}:"),
    "one of several": ('FILES, EPOCHS = ["a.csv"], 3', rf":1: FILES {HERE}"),
    "a loop's": ('for PREFIX in ("a", "b"):\n    pass', rf":1: PREFIX {HERE}"),
    "imported": ("from os import sep as PREFIX", rf":1: PREFIX {HERE}"),
    "a function": ("x = 1\ndef RECIPES(): pass", rf":2: RECIPES {HERE}"),
    "a function's": (
        'PREFIX = "a"\ndef f():\n    global PREFIX\n    PREFIX = "b"',
        rf":3: PREFIX {HERE}",
    ),
    "an error's": (
        "try:\n    1 / 0\nexcept ZeroDivisionError as CALIBRATION: pass",
        rf":3: CALIBRATION {HERE}",
    ),
    "a pattern's": ("match 1:\n    case PREFIX: pass", rf":2: PREFIX {HERE}"),
    "within an expression": ('x = (PREFIX := "a")', rf":1: PREFIX {HERE}"),
    "taken away": ('PREFIX = "a"\ndel PREFIX', rf":2: PREFIX {HERE}"),
    "data() that nobody calls": (
        'DATA = "mnist"\n\ndef data(seed):\n    pass',
        r":3: data\(\) is not called where DATA names",
    ),
}
READERS = (
    declared_files,
    declared_source,
    declared_subset,
    declared_names,
    declared_method,
    declared_recipes,
)


@pytest.mark.parametrize("name", ELSEWHERE)
def test_a_literal_stands_once_where_it_can_be_read(name: str, tmp_path: Path) -> None:
    text, told = ELSEWHERE[name]
    path = tmp_path / "net.py"
    path.write_text(text)
    for file in ("a.csv", "b.csv"):
        (tmp_path / file).touch()
    with pytest.raises(SCons.Errors.UserError, match=told):
        for read in READERS:
            read(path, parsed(path))


def test_names_of_functions_are_their_own(tmp_path: Path) -> None:
    path = tmp_path / "net.py"
    path.write_text(
        'PREFIX: str\nFILES = NAMES = ["net.py"]\n\ndef data(given, PREFIX=1):\n    FILES = 3\n'
        'f = lambda DATA: [PREFIX for PREFIX in DATA]\nDATA: str = "mnist"\nPREFIX = "fan"\n'
    )
    tree = parsed(path)
    assert declared_files(path, tree) == [path]
    assert declared_source(path, tree) == "mnist"
    assert declared_names(path, tree).weights == "fan.pt"


def test_a_literal_that_a_star_brings_is_told(tmp_path: Path) -> None:
    """Python sees it, and it was not read: DATA counted as not there."""
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__init__.py").write_text("from .inner import *\n")
    (tmp_path / "package" / "inner.py").write_text("from math import *\nDATA = 'mnist'\n")
    (tmp_path / "shapes.py").write_text("from shapes import *\nWIDTH = 3\n")
    path = tmp_path / "net.py"
    path.write_text("from math import *\nfrom shapes import *\n\nSUBSET = 'a_test_subset'\n")
    assert declared_source(path, parsed(path)) == ""
    assert declared_subset(path, parsed(path)) == "a_test_subset"
    path.write_text("from shapes import *\nfrom package import *\n")
    with pytest.raises(SCons.Errors.UserError, match=r"net\.py:2: DATA is read .* \* stands for"):
        declared_source(path, parsed(path))
    assert declared_subset(path, parsed(path)) == "test_subset"


WRONG = {
    "not a list": ('FILES = "a.csv"', r"net\.py:1: FILES is read without running"),
    "not literal": ("import os\nFILES = [os.sep]", r"net\.py:2: FILES is read without running"),
    "unhashable": ("FILES = {[]: 1}", r"net\.py:1: FILES is read without running"),
    "not there": ('FILES = ["a.csv"]', r"net\.py:1: FILES names 'a\.csv', which is not there"),
    "no Python": ("x = 1\ndef network(:", r"net\.py:2: .*mend that line"),
    "a name of ours": ("import os, support", r"net\.py:1: 'support' is a package of nn2flash"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_read_without_running(name: str, tmp_path: Path) -> None:
    text, told = WRONG[name]
    path = tmp_path / "net.py"
    path.write_text(text)
    (tmp_path / "support.py").write_text("")
    with pytest.raises(SCons.Errors.UserError, match=told):
        imported(path)
        declared_files(path, parsed(path))


def test_every_import_is_found(tmp_path: Path) -> None:
    write_own_network(tmp_path)
    package = tmp_path / "parts" / "deep"
    package.mkdir(parents=True)
    (tmp_path / "parts" / "__init__.py").write_text("from . import first\n")
    (tmp_path / "parts" / "first.py").write_text("def late():\n    from .deep import second\n")
    (package / "second.py").write_text("import torch, notes\nfrom ..first import late\n")
    with (tmp_path / "gearbox.py").open("a") as stream:
        stream.write("import parts\nfrom model.module import scores\n")
    files, others = imported(tmp_path / "gearbox.py")
    assert {str(file.relative_to(tmp_path)) for file in files} == {
        "layers_of_mine.py",
        "notes.py",
        "parts/__init__.py",
        "parts/first.py",
        "parts/deep/second.py",
    }
    assert {"torch", "numpy", "model.module.scores"} <= {*others}
