"""`nn2flash quantize`, `nn2flash new`: what the targets of these names make, without SCons."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from nn2flash.cli import main
from support.errors import UserError
from tests.graph.project import files_below
from tests.graph.test_float_network import write_float
from tests.program.conftest import FIXTURES, REPOSITORY, Installed, from_sources

CALIBRATION = ("--calibration", "x.npz")


def test_the_bytes_of_the_builds_command(tmp_path: Path) -> None:
    write_float(tmp_path)
    done = from_sources("quantize", "f.onnx", *CALIBRATION, "--report", "r.json", where=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "signal to quantization noise" in done.stdout
    assert "next: nn2flash analyze f_int8.onnx" in done.stdout
    files = {"onnx": "f.onnx", "calibration": "x.npz", "out": "build.onnx", "report": "build.json"}
    words = [word for key, name in files.items() for word in (f"--{key}", str(tmp_path / name))]
    command = [sys.executable, "-m", "model", "quantize", *words]
    subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True)
    assert (tmp_path / "f_int8.onnx").read_bytes() == (tmp_path / "build.onnx").read_bytes()
    assert (tmp_path / "r.json").read_bytes() == (tmp_path / "build.json").read_bytes()
    assert from_sources("analyze", "f_int8.onnx", where=tmp_path).returncode == 0


def test_pytorch_is_not_needed(tmp_path: Path) -> None:
    """Installed with [quantize] there is onnxruntime alone."""
    write_float(tmp_path)
    program = (
        "import sys; sys.modules |= {'torch': None, 'torchvision': None}\n"
        "from nn2flash.cli import main\n"
        f"sys.exit(main(['quantize', 'f.onnx', *{CALIBRATION!r}]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("kind", ["a text", "an input", "somebody's network", "ours"])
def test_saboteur_only_what_it_wrote_is_replaced(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_float(tmp_path)
    out = tmp_path / ("x.npz" if kind == "an input" else "out.onnx")
    if kind == "a text":
        out.write_text("mine")
    elif kind == "somebody's network":
        shutil.copy(tmp_path / "f.onnx", out)
    elif kind == "ours":
        assert main(["quantize", "f.onnx", *CALIBRATION, "--out", str(out)]) is None
    before = out.read_bytes()
    if kind == "ours":
        assert main(["quantize", "f.onnx", *CALIBRATION, "--out", str(out)]) is None
    else:
        wrong = "is what is to be read" if kind == "an input" else "was not written by nn2flash"
        with pytest.raises(UserError, match=wrong) as caught:
            main(["quantize", "f.onnx", *CALIBRATION, "--out", str(out)])
        assert "--out" in caught.value.remedy
    assert out.read_bytes() == before


def test_a_float_network_given_to_another_verb_names_this_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_float(tmp_path)
    with pytest.raises(UserError, match="a float network") as caught:
        main(["analyze", "f.onnx"])
    assert "nn2flash quantize" in caught.value.remedy
    with pytest.raises(UserError, match="is quantized already"):
        main(["quantize", str(FIXTURES / "guide_int8.onnx"), *CALIBRATION])


def test_an_installed_program_begins_the_project_that_a_clone_builds(
    installed: Installed, tmp_path: Path
) -> None:
    here = from_sources("new", "here", "--from", "mnist_cnn", where=tmp_path)
    there = installed.run("new", "there", "--from", "mnist_cnn", where=tmp_path)
    assert (here.returncode, here.stderr, there.returncode, there.stderr) == (0, "", 0, "")
    assert "now: cd here && scons run" in here.stdout
    assert "now: cd there && NN2FLASH=path/to/clone scons run" in there.stdout
    mine, installed_one = files_below(tmp_path / "here"), files_below(tmp_path / "there")
    assert {*mine} == {*installed_one} >= {"mnist_cnn.py", "SConstruct", ".gitignore"}
    assert {name for name in mine if mine[name] != installed_one[name]} == {"SConstruct"}
    scons = shutil.which("scons") or "scons"
    variables = {name: value for name, value in os.environ.items() if name != "NN2FLASH"}

    def build(**more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [scons, "-n", "elf"],
            cwd=tmp_path / "there",
            env={**variables, **more},
            capture_output=True,
            text=True,
            check=False,
        )

    alone = build()
    assert alone.returncode == 2
    assert "error: NN2FLASH is not set" in alone.stdout and "Traceback" not in alone.stderr
    told = build(NN2FLASH=str(REPOSITORY))
    assert told.returncode == 0, told.stdout + told.stderr
    assert "mnist_cnn" in told.stdout


def test_a_folder_that_holds_something(tmp_path: Path) -> None:
    (tmp_path / "mine").touch()
    with pytest.raises(UserError, match="is not an empty folder") as refused:
        main(["new", str(tmp_path)])
    assert refused.value.remedy == "choose another folder"  # in SCons dest=, here a word
