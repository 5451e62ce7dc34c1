"""Targets, help and their answers, without building anything."""

from __future__ import annotations

import os
import pty
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.graph.project import NEWEST_SCONS, REPOSITORY, SCONS, Project

GIVEN = "network=tests/fixtures/guide_int8.onnx"
GIVEN_THEN = ("then `scons sim network=x.onnx calibration=x.npz`",)
PROGRAMS = sorted({SCONS, NEWEST_SCONS})


def scons(*words: str, program: str = SCONS) -> subprocess.CompletedProcess[str]:
    """Run SCons in this very tree; `words` must build nothing."""
    return subprocess.run(
        [program, "-Q", *words], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("program", PROGRAMS)
def test_only_chooses_tests(program: str) -> None:
    shown = scons("-n", "test", "only=ops,report/test_report", "verbose=1", program=program).stdout
    ends = [word.removeprefix(f"{REPOSITORY}/") for word in shlex.split(shown)[-2:]]
    assert ends == ["tests/ops", "tests/report/test_report.py"]
    everything = scons("-n", "test", "verbose=1").stdout
    assert shlex.split(everything)[-1] == f"{REPOSITORY}/tests"


def test_the_slowest_tests_are_printed() -> None:
    """What makes `scons test` long is seen in each of its runs."""
    assert "--durations=25" in scons("-n", "test", "verbose=1").stdout.split()


@pytest.mark.parametrize("program", PROGRAMS)
def test_help_is_a_word_too_and_fits_80_columns(program: str) -> None:
    by_option, by_word = scons("-h", program=program), scons("help", program=program)
    assert by_word.returncode == 0
    assert by_word.stdout == by_option.stdout
    assert "usage: scons" in by_word.stdout
    assert max(map(len, by_word.stdout.splitlines())) <= 80


@pytest.mark.parametrize("program", PROGRAMS)
def test_clean_is_a_word_too(project: Project, program: str) -> None:
    project.program = program
    assert project.path("build/mps2_an500/firmware.elf").exists()
    same = project.clone(project.root.with_name("same"))
    assert sorted(project.build("clean").output.split()) == sorted(same.build("-c").output.split())
    assert not project.path("build/mps2_an500").exists()


def test_all_and_run(tmp_path: Path) -> None:
    """What other build tools call them; in a folder in which nothing has been built."""
    given = ("-n", "-j1", GIVEN, f"build_dir={tmp_path / 'build'}")
    everything, default = scons(*given, "all"), scons(*given)
    assert everything.stdout == default.stdout and "LINK" in default.stdout
    assert scons(*given, "run").stdout == scons(*given, "sim").stdout


@pytest.mark.parametrize("target", ["sim", "gdbserver", "profile", "test"])
def test_n_shows_what_always_runs(target: str) -> None:
    *_, last = scons("-n", target, GIVEN, "board=mps2_an500").stdout.splitlines()
    command = "-m pytest" if target == "test" else f"-m device {target}"
    assert command in last and str(REPOSITORY) in last


def test_a_build_ends_with_its_size_and_size_shows_the_tables(project: Project) -> None:
    project.append("firmware/app/console.c", "\nint edited;\n")
    *_, last = project.build().output.splitlines()
    sizes = r"flash [\d,]+ bytes \([^)]+\), RAM [\d,]+ bytes \([^)]+\)"
    assert re.fullmatch(rf"build/mps2_an500/firmware\.elf: {sizes}", last)
    tables = project.path("build/mps2_an500/memory.txt").read_text()
    assert "reserved" in tables and tables in project.build("size").output


def test_list_has_targets_and_values() -> None:
    listed = scons("list", GIVEN, "board=mps2_an500", "subset_size=7")
    assert listed.returncode == 0, listed.stderr
    targets, _, values = listed.stdout.partition("\n\n")
    assert {"sim", "elf", "report", "profile"} <= {*targets.split()}
    assert not {"train", "flash"} & {*targets.split()}  # not for this network, this board
    assert {"subset_size=7", "board=mps2_an500", "kernels=auto"} <= {*values.splitlines()}


def test_a_wrong_value_lists_the_values() -> None:
    told = scons("-n", "kernels=zzz").stderr
    assert told == "scons: error: kernels=zzz: known: auto, dense, portable, small, sparse\n"
    told = scons("-n", "kernels=dens").stderr
    assert "did you mean 'dense'? (known: auto, dense, portable, small, sparse)" in told


@pytest.mark.parametrize(
    ("wrong", "meant", "another"),
    [
        ("board=mps2_an50", "mps2_an500", "stm32h750b_dk"),
        ("only=opps", "ops", "protocol"),
        ("recipe=guid", "guide", "augmented"),
        ("ai=clod", "cloud", "stedgeai"),
        ("werror=yes", "0", "1"),
    ],
)
def test_whatever_has_values_lists_them(wrong: str, meant: str, another: str) -> None:
    (line,) = scons("-n", wrong).stderr.splitlines()
    assert line.startswith(f"scons: error: {wrong}: ")
    known = line.partition("known: ")[2].rstrip(")").split(", ")
    assert {meant, another} <= {*known}


def test_help_names_the_guide() -> None:
    """Its steps are a column of the menu."""
    words = " ".join(scons("-h").stdout.split())
    assert '"A step-by-Step Guide to Implementing a Neural Network for MNIST on STM32H750"' in words


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("x.pt", ("PyTorch", "torch.onnx.export", *GIVEN_THEN)),
        ("x.pth", ("PyTorch", "torch.onnx.export", *GIVEN_THEN)),
        ("x.keras", ("Keras", "load_model('x.keras').export('x.onnx'", *GIVEN_THEN)),
        ("x.h5", ("Keras", "load_model('x.h5').export('x.onnx'", *GIVEN_THEN)),
    ],
)
def test_networks_of_other_tools(name: str, words: tuple[str, ...], tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(b"anything")
    told = scons("-n", f"network={path}")
    assert told.returncode == 2
    (line,) = told.stderr.splitlines()
    assert line.startswith(f"scons: error: network={path}: is a {words[0]}".replace("a P", "P"))
    assert all(word in line for word in words)


def test_a_tflite_file_takes_no_calibration(tmp_path: Path) -> None:
    network, inputs = tmp_path / "x.tflite", tmp_path / "x.npz"
    for path in (network, inputs):
        path.write_bytes(b"anything")
    told = scons("-n", f"network={network}", f"calibration={inputs}")
    assert told.returncode == 2
    (line,) = told.stderr.splitlines()
    assert line.endswith("a .tflite file is quantized by its converter: leave calibration= out")


@pytest.mark.parametrize(
    ("settings", "coloured"),
    [
        ({"TERM": "xterm"}, True),
        ({"TERM": "xterm", "NO_COLOR": "1"}, False),
        ({"TERM": "dumb"}, False),
    ],
)
@pytest.mark.parametrize(
    "words",
    [
        [SCONS, "-Q", "kernels=fast"],
        [f"{REPOSITORY}/.venv/bin/python", "-m", "codegen", "render", "nothing", "--out", "x"],
    ],
)
def test_errors_are_red_on_a_terminal(
    words: list[str], settings: dict[str, str], *, coloured: bool
) -> None:
    reader, terminal = pty.openpty()
    environment = {k: v for k, v in os.environ.items() if k != "NO_COLOR"} | settings
    subprocess.run(words, cwd=REPOSITORY, env=environment, stderr=terminal, check=False)
    told = os.read(reader, 10_000).decode()
    assert ("\033[1;31merror:\033[0m" in told) is coloured
    assert "error:" in told
    os.close(reader)
    os.close(terminal)


def test_list_names_what_these_variables_leave_out() -> None:
    listed = scons("list", GIVEN, "board=stm32h750b_dk").stdout
    others = listed.split("Not with these variables: ")[1].partition("\n\n")[0].split()
    assert {"validate", "package", "train"} <= {*others} - {*listed.split("\n\n")[0].split()}


@pytest.mark.parametrize("key", ["network", "inputs", "calibration", "build_dir", "port"])
def test_an_empty_variable_is_a_slip_of_the_shell(key: str) -> None:
    told = scons("-n", f"{key}=")
    assert told.returncode == 2
    (line,) = told.stderr.splitlines()
    assert line.startswith(f"scons: error: {key}=") and "give a" in line
