"""Compilers that are not there, and what a linker refuses: one line and a remedy each."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from support.files import write_json
from tests.codegen.programs import ROOT

BOARD = ROOT / "firmware" / "boards" / "mps2_an500" / "board.toml"
MEASURE = ("code-sizes", f"--board={BOARD}", "--cc=no-gcc", "--compiler=12")


def device(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command of device."""
    command = [sys.executable, "-m", "device", *map(str, words)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("verb", ["code-sizes", "link"])
def test_a_compiler_that_is_not_there(verb: str, tmp_path: Path) -> None:
    words = {
        "code-sizes": (*MEASURE, "--table", tmp_path / "sizes.json", tmp_path / "main.o"),
        "link": ("link", "--", "no-gcc", "-o", tmp_path / "firmware.elf"),
    }
    done = device(*words[verb])
    assert done.returncode == 1 and not list(tmp_path.iterdir())
    assert done.stderr.splitlines() == [
        "device: error: compiler 'no-gcc' cannot be run (No such file or directory)",
        "  remedy: install it (for Arm: run ./bootstrap scons elf), or name another one",
    ]


def test_what_the_linker_checks_is_told_as_placement_has_it(tmp_path: Path) -> None:
    checks = [{"object": "a", "most": 3, "told": "an a of 4", "remedy": "make it 3"}]
    placement = {"board": {"name": "b", "title": "B"}, "objects": {}, "checks": checks}
    write_json(tmp_path / "placement.json", placement)
    for said, lines in (("ld: an a of 4", 3), ("ld: a b of 4", 1)):
        linker = [sys.executable, "-c", f"import sys; sys.exit({said!r})"]
        done = device("link", "--placement", tmp_path / "placement.json", "--", *linker)
        assert done.returncode == 1
        told = [said, "device: error: an a of 4", "  remedy: make it 3"]
        assert done.stderr.splitlines() == told[:lines]
