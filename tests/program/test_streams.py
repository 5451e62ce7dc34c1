"""The program where its output goes nowhere, to a full disk, or in an encoding of few letters."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from model.calibration import told
from support.errors import UserError
from tests.program.conftest import REPOSITORY, from_sources

MODEL = REPOSITORY / "tests" / "fixtures" / "guide_int8.onnx"


def shell(line: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a line of a shell in which NN2FLASH stands for the program."""
    program = f'"{sys.executable}" -m nn2flash'
    return subprocess.run(
        ["sh", "-c", line.replace("NN2FLASH", program)],
        cwd=REPOSITORY,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.sample(2)
@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
def test_closed_streams(closed: str, tmp_path: Path) -> None:
    """Nothing is told there, and the files are what they are otherwise."""
    page = tmp_path / "page.html"
    assert (done := shell(f'NN2FLASH analyze "{MODEL}" --html "{page}" {closed}')).returncode == 0
    assert done.stderr == "" and page.read_text().endswith("</html>\n")
    assert ">&-" not in closed.split() or not done.stdout
    done = shell(f"NN2FLASH operators Nothing {closed}")
    assert done.returncode == 1 and "Traceback" not in done.stderr


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_disk(unbuffered: str) -> None:
    done = shell("NN2FLASH boards >/dev/full", PYTHONUNBUFFERED=unbuffered)
    assert (done.returncode, done.stderr) == (
        1,
        "nn2flash: error: stdout: No space left on device\n"
        "  remedy: free space there (df -h tells how much there is),"
        " or give a place on another disk\n",
    )


@pytest.mark.parametrize(
    "variables", [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"}]
)
def test_letters_that_the_encoding_lacks(variables: dict[str, str], tmp_path: Path) -> None:
    done = shell(f'NN2FLASH analyze "{tmp_path}/Größe–.onnx"', **variables)
    assert done.returncode == 1 and "Traceback" not in done.stderr and "remedy: " in done.stderr
    done = shell(f'NN2FLASH generate "{MODEL}" --out-dir "{tmp_path}/Größe–"', **variables)
    assert (done.returncode, done.stderr) == (0, "") and "generate: " in done.stdout
    assert len(list((tmp_path / "Größe–").iterdir())) > 3


def test_a_long_reason_ends_with_a_word_and_says_that_there_is_more() -> None:
    reason = "\n".join(f"word{number}" for number in range(100))
    with pytest.raises(UserError) as caught, told(Path("f.onnx"), "run"):
        raise ValueError(reason)
    told_words = str(caught.value).split("(")[1].split(")")[0].split()
    assert told_words[-1] == "…" and told_words[:-1] == reason.split()[: len(told_words) - 1]
    with pytest.raises(UserError, match=r"cannot run it \(ValueError\)"), told(Path("f"), "run"):
        raise ValueError


def test_names_that_are_no_text(tmp_path: Path) -> None:
    """A name of other bytes than UTF-8, with a line end and a terminal's escape: in C, in JSON."""
    name = os.fsdecode(b"bad\xff\n\x1b[2J")
    model = shutil.copy(MODEL, tmp_path / f"{name}.onnx")
    made = tmp_path / name
    done = from_sources("generate", model, "--out-dir", made, where=tmp_path)
    assert done.returncode == 0, done.stderr
    assert r"bad\udcff" in done.stdout and r"\x1b[2J" in done.stdout
    origin = json.loads((made / "network_manifest.json").read_text(encoding="utf-8"))["origin"]
    assert origin == r"bad\udcff\n\x1b[2J.onnx"
    assert r"bad\udcff\n\x1b[2J.onnx" in (made / "network.c").read_text(encoding="ascii")


@pytest.mark.parametrize("verb", ["analyze", "generate"])
def test_inputs_that_nobody_writes(verb: str, tmp_path: Path) -> None:
    """A pipe, which would be waited for."""
    os.mkfifo(pipe := tmp_path / "x.npz")
    words: list[str | Path] = ["--out-dir", tmp_path / "made"] if verb == "generate" else []
    done = from_sources(verb, MODEL, "--calibration", pipe, *words, where=tmp_path)
    assert done.returncode == 1 and not (tmp_path / "made").exists()
    assert done.stderr == (
        f"nn2flash: error: {pipe}: not a file\n  remedy: give a .npy or .npz file of numbers\n"
    )
