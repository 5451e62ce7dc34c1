"""The wheel: one package, the repository's layout below it, and the same bytes out of it."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from codegen import version
from nn2flash.wheel import backend
from nn2flash.wheel.imports import below_package
from support.errors import UserError
from tests.graph.project import copy_tree, files_below
from tests.program.conftest import FIXTURES, OTHERS, REPOSITORY, Installed, from_sources

MODEL = FIXTURES / "guide_int8.onnx"
MODULES = ("codegen", "codegen.a", "codegen.commands", "codegen.plan")


def test_everything_is_below_one_package(installed: Installed) -> None:
    with zipfile.ZipFile(installed.wheel) as archive:
        names = archive.namelist()
        metadata = message_from_bytes(archive.read(f"nn2flash-{version.TEXT}.dist-info/METADATA"))
    assert {name.partition("/")[0] for name in names} == {
        "nn2flash",
        f"nn2flash-{version.TEXT}.dist-info",
    }
    assert not [name for name in names if "/wheel/" in name or "pycache" in name or "tests" in name]
    assert metadata["Version"] == version.TEXT
    assert metadata["Requires-Python"] == ">=3.11"


def test_a_wheel_is_the_same_each_time(installed: Installed, tmp_path: Path) -> None:
    again = tmp_path / backend.build_wheel(str(tmp_path))
    assert again.read_bytes() == installed.wheel.read_bytes()


def test_the_installed_program_makes_the_same_files(installed: Installed, tmp_path: Path) -> None:
    words = ("package", MODEL, "--board", "stm32h750b_dk", "--name", "digits", "--out-dir")
    here = from_sources(*words, "here", where=tmp_path)
    there = installed.run(*words, "there", where=tmp_path)
    assert (here.returncode, here.stderr) == (0, "")
    assert (there.returncode, there.stderr) == (0, "")
    made = files_below(tmp_path / "there")
    assert "network/digits.c" in made and "runtime/nn_runtime.h" in made
    assert made == files_below(tmp_path / "here")


def test_every_module_loads_where_others_have_our_packages_names(
    installed: Installed, tmp_path: Path
) -> None:
    """The environment holds packages `model`, `device` … that refuse to be imported."""
    modules = [
        ".".join(path.relative_to(installed.packages).with_suffix("").parts)
        for path in sorted((installed.packages / "nn2flash").rglob("*.py"))
        # model/ needs PyTorch, which takes its seconds; examples are data; scripts run when loaded.
        if not {"model", "site_scons", "examples", "__main__.py", "pyocd_probe.py"} & {*path.parts}
    ]
    assert len(modules) > 250
    program = f"import importlib\nfor name in {modules!r}: importlib.import_module(name)"
    done = installed.python_runs("-c", program, where=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    for name in OTHERS:
        done = installed.python_runs("-c", f"import {name}", where=tmp_path)
        assert f"not our {name}" in done.stderr


def test_packages_of_the_wheel_run_as_in_the_repository(
    installed: Installed, tmp_path: Path
) -> None:
    board = installed.packages / "nn2flash" / "firmware" / "boards" / "mps2_an500" / "board.toml"
    words = ("-m", "nn2flash.device", "memories", "--board", board, "--out", "memories.json")
    done = installed.python_runs(*words, where=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "memories.json").is_file()


@pytest.mark.parametrize(
    ("line", "carried"),
    [
        ("from codegen import version", "from nn2flash.codegen import version"),
        (
            "from codegen.plan import (\n    Plan,\n)",
            "from nn2flash.codegen.plan import (\n    Plan,\n)",
        ),
        (
            "def f():\n    from codegen.a import b; b()",
            "def f():\n    from nn2flash.codegen.a import b; b()",
        ),
        ("from codegens import a", "from codegens import a"),
        ("text = 'from codegen import version'", "text = 'from codegen import version'"),
        ("import numpy", "import numpy"),
        ("'codegen.files.h5'", "'codegen.files.h5'"),
    ],
)
def test_imports_are_carried_over(line: str, carried: str) -> None:
    assert below_package(line, MODULES, "a.py") == carried


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("import codegen.plan", r"a\.py:2: import codegen\.plan: say from"),
        ("f('codegen.plan')", r"a\.py:2: 'codegen\.plan': say it by __package__"),
        ("f(f'codegen.commands.{x}')", r"a\.py:2: 'codegen\.commands\.': say it by __package__"),
    ],
)
def test_what_cannot_be_carried_over_stops_the_build(line: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        below_package(f"\n{line}\n", MODULES, "a.py")


def test_the_pins_are_what_the_wheel_asks_for() -> None:
    facts = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pins = {}
    for name in ("core", "torch", "train"):
        for line in (REPOSITORY / "requirements" / f"{name}.txt").read_text().splitlines():
            if "==" in line:
                distribution, _, pin = line.partition("==")
                pins[distribution] = pin
    extras = facts["optional-dependencies"].values()
    asked = [Requirement(text) for each in (facts["dependencies"], *extras) for text in each]
    assert {each.name for each in asked} == pins.keys()
    assert [each.name for each in asked if not each.specifier.contains(pins[each.name])] == []


def test_the_source_archive_builds_the_same_wheel(installed: Installed, tmp_path: Path) -> None:
    name = backend.build_sdist(str(tmp_path))
    with tarfile.open(tmp_path / name) as archive:
        archive.extractall(tmp_path, filter="data")
    unpacked = tmp_path / name.removesuffix(".tar.gz")
    program = "from nn2flash.wheel import backend; backend.build_wheel('..')"
    done = installed.python_runs("-c", program, where=unpacked)
    assert (done.returncode, done.stderr) == (0, "")
    (made,) = tmp_path.glob("*.whl")
    assert made.read_bytes() == installed.wheel.read_bytes()


@pytest.mark.sample(1)
@pytest.mark.parametrize("known", ["by git", "by nobody", "by a git that is not installed"])
def test_what_git_does_not_know_is_in_no_wheel(tmp_path: Path, known: str) -> None:
    """Where git cannot be asked, as in an unpacked archive, everything is somebody's."""
    clone = copy_tree(tmp_path / "project")
    path = os.environ["PATH"]
    if known != "by nobody":
        subprocess.run(["git", "init", "-q"], cwd=clone.root, check=True)
        subprocess.run(["git", "add", "nn2flash", "codegen"], cwd=clone.root, check=True)
    if known == "by a git that is not installed":
        path = str(tmp_path)
    (clone.path("nn2flash") / "own.py").touch()
    clone.path("firmware/own.txt").touch()
    if known == "by git":
        clone.path("codegen/arrays.py").unlink()
    program = "from nn2flash.wheel.contents import wheel_files; print(*wheel_files(), sep='\\n')"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=clone.root,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    names = done.stdout.splitlines()
    assert "nn2flash/binding.py" in names and "nn2flash/codegen/version.py" in names
    own = [name for name in names if name.rpartition("/")[2] in ("own.py", "own.txt")]
    everything = ["nn2flash/firmware/own.txt", "nn2flash/own.py"]
    assert own == ([] if known == "by git" else everything)
    assert ("nn2flash/codegen/arrays.py" in names) == (known != "by git")


def test_an_editable_install_is_refused() -> None:
    with pytest.raises(UserError, match="cannot be installed with --editable"):
        backend.build_editable("folder")
