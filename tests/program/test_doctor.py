"""`nn2flash doctor`, packages that are missing, and completion in a real bash."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from nn2flash.boards import names
from nn2flash.cli import COMMANDS, main
from nn2flash.doctor import examine
from tests.program.conftest import REPOSITORY, from_sources


def test_everything_of_the_tests_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert not main(["doctor", "--json"])
    parts = {part["name"]: part for part in json.loads(capsys.readouterr().out)}
    assert parts["numpy"]["found"] == metadata.version("numpy") and parts["numpy"]["needed"]
    assert parts["arm-none-eabi-gcc"]["found"] == shutil.which("arm-none-eabi-gcc")
    assert not main(["doctor"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("Python ") and sys.executable in lines[0]
    assert {line.split()[0] for line in lines[1:] if line[0] != " "} == parts.keys()


def test_the_line_can_be_pasted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/opt/my nets/bin/python")
    assert examine()[0].remedy == "'/opt/my nets/bin/python' -m pip install numpy"


def test_what_is_missing_has_the_line_that_installs_it(tmp_path: Path) -> None:
    """A Python without any package, and a path with one package manager alone."""
    (tmp_path / "dnf").write_text("#!/bin/sh\n")
    (tmp_path / "dnf").chmod(0o755)
    bare = [sys.executable, "-S", "-m", "nn2flash"]
    done = subprocess.run(
        [*bare, "doctor"],
        cwd=REPOSITORY,
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, "")
    lines = [line.strip() for line in done.stdout.splitlines()]
    at = next(i for i, line in enumerate(lines) if line.startswith("numpy"))
    assert (
        "MISSING" in lines[at]
        and lines[at + 1] == f"{shlex.quote(sys.executable)} -m pip install numpy"
    )
    at = next(i for i, line in enumerate(lines) if line.startswith("arm-none-eabi-gcc"))
    assert "not installed" in lines[at]
    assert lines[at + 1] == "sudo dnf install arm-none-eabi-gcc-cs arm-none-eabi-newlib"
    model = REPOSITORY / "tests" / "fixtures" / "guide_int8.onnx"
    done = subprocess.run(
        [*bare, "analyze", model], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr == (
        "nn2flash: error: the Python package numpy is not installed\n"
        "  remedy: nn2flash doctor says how\n"
    )


def completed(*words: str, script: str) -> set[str]:
    """What bash offers for the last of the words."""
    line = " ".join(f"'{word}'" for word in words)
    done = subprocess.run(
        [
            "bash",
            "--norc",
            "-c",
            f'eval "$0"; COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; _nn2flash;'
            ' printf "%s\\n" "${COMPREPLY[@]}"',
            script,
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    return {line for line in done.stdout.split("\n") if line}


def test_bash_completes(tmp_path: Path) -> None:
    script = from_sources("completion", where=tmp_path).stdout
    assert completed("nn2flash", "", script=script) == set(COMMANDS)
    assert completed("nn2flash", "an", script=script) == {"analyze"}
    options = completed("nn2flash", "analyze", "m.onnx", "--", script=script)
    assert {"--board", "--json", "--html", "--kernels"} <= options
    assert completed("nn2flash", "analyze", "--board", "", script=script) == set(names())
    assert completed("nn2flash", "generate", "--c-api", "s", script=script) == {"st-ai"}
    # A file comes here: bash's own completion does it.
    assert completed("nn2flash", "analyze", "--html", "", script=script) == set()
