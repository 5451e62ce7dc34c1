"""Sets of data that are fetched, by name: each network has its own, and no other is asked for."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from support.data_sets import SETS
from tests.graph.project import REPOSITORY, SCONS
from tests.graph.test_menu import scons

ACCELEROMETER = "model=examples/accelerometer/accelerometer.py"
MLP = "model=examples/mnist_mlp/mnist_mlp.py"
GIVEN = "network=tests/fixtures/guide_int8.onnx"
FETCHED = {
    "the guide's network": (("train",), ["mnist"]),
    "a module that names it": (("train", MLP), ["mnist"]),
    "a module that names another": (("train", ACCELEROMETER), ["basic_motions"]),
    "the other, for that module": (("train", MLP, "data=basic_motions"), ["basic_motions"]),
    "inputs for a given network": (("subset", GIVEN, "inputs=mnist"), ["mnist"]),
    "a given network": (("subset", GIVEN), []),
    "a bundle alone, the guide's network": (
        ("subset", "ai=bundle", "bundle=tests/fixtures"),
        ["mnist"],
    ),
    "every example": (("examples",), ["mnist", "basic_motions"]),
}


@pytest.mark.parametrize("name", FETCHED)
def test_what_is_needed_is_fetched(name: str, tmp_path: Path) -> None:
    words, sets = FETCHED[name]
    shown = scons("-n", "verbose=1", *words, f"build_dir={tmp_path / 'b'}")
    assert shown.returncode == 0, shown.stdout + shown.stderr
    lines = [line for line in shown.stdout.splitlines() if " model dataset " in line]
    assert [line.split("--set ")[1].split()[0] for line in lines] == sets
    for line in shown.stdout.splitlines():
        if " model train " in line:
            assert f"--set {sets[0]} {tmp_path / 'b' / 'data'}" in line


def test_pips_settings_reach_it_and_without_an_index_it_is_one_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build = tmp_path / "b"
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    done = scons("train", ACCELEROMETER, f"build_dir={build}")
    assert done.returncode == 2
    (error,) = [line for line in done.stderr.splitlines() if "error:" in line and "model" in line]
    assert f"{build}/data/BasicMotions: BasicMotions is not there and cannot be fetched" in error
    assert "remedy: connect to the network, or name the folder of an existing copy" in done.stderr
    assert "Traceback" not in done.stderr
    assert not [path for path in (build / "data").rglob("*") if path.is_file()]
    assert not list(build.rglob("*.pt"))


def test_a_project_is_told_of_by_the_path_that_a_person_would_write(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    made = scons("new", f"dest={tmp_path}/here/../mine", f"build_dir={tmp_path / 'b'}")
    assert made.returncode == 0, made.stderr
    assert made.stdout.splitlines()[-1] == f"new: now: cd {tmp_path}/mine && scons run"


REFUSED = {
    "inputs=basic_motions": "is of a format that only a module's training reads, give .npy, .npz",
    "inputs=mnst": "no such file or folder, nor a set that is fetched: did you mean 'mnist'?",
}


@pytest.mark.parametrize("word", REFUSED)
def test_inputs_are_of_a_set_that_holds_some(word: str, tmp_path: Path) -> None:
    done = scons(GIVEN, word, f"build_dir={tmp_path / 'b'}")
    assert done.returncode == 2
    assert done.stderr.startswith(f"scons: error: {word}: {REFUSED[word]}")
    assert done.stderr.count("\n") == 1 and not (tmp_path / "b").exists()


def test_data_of_another_name_is_told_with_those_that_are_known(tmp_path: Path) -> None:
    done = scons(MLP, "data=basic_motion", f"build_dir={tmp_path / 'b'}")
    known = "did you mean 'basic_motions'? (known: basic_motions, mnist)"
    told = "data=basic_motion: no such file or folder, nor a set that is fetched: "
    assert (done.returncode, done.stderr) == (2, f"scons: error: {told}{known}\n")


def test_an_ide_is_told_of_a_set_by_name_and_of_a_module_from_the_projects_folder(
    tmp_path: Path,
) -> None:
    """Wherever scons was called: the IDE calls it in the folder of SConstruct."""
    words = ["ide", "model=accelerometer.py", "data=basic_motions", f"build_dir={tmp_path / 'b'}"]
    shown = subprocess.run(
        [SCONS, "-Q", "-D", "-n", "verbose=1", *words],
        cwd=REPOSITORY / "examples" / "accelerometer",
        capture_output=True,
        text=True,
        check=False,
    )
    assert shown.returncode == 0, shown.stdout + shown.stderr
    (line,) = [line for line in shown.stdout.splitlines() if " codegen ide " in line]
    found = re.findall(r"--variable (\S+)", line)
    assert {"model=examples/accelerometer/accelerometer.py", "data=basic_motions"} <= {*found}


def test_no_set_is_named_in_the_build_or_the_generator() -> None:
    """What is true of one set stands with its facts."""
    for path in [*(REPOSITORY / "site_scons").rglob("*.py"), *(REPOSITORY / "codegen").rglob("*")]:
        if path.suffix != ".py":
            continue
        text = path.read_text(encoding="utf-8")
        for name in SETS:
            assert f'"{name}"' not in text or path.name == "campaigns.py", path
