"""debugging.json: what IDEs must know of a board, of QEMU's boards, and of gdb here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.graph.project import REPOSITORY


def debugging(tmp_path: Path, board: str, **env: str) -> Any:
    """Run the command; its file."""
    toml = REPOSITORY / "firmware" / "boards" / board / "board.toml"
    out = tmp_path / "debugging.json"
    subprocess.run(
        [sys.executable, "-m", "device", "debugging", "--board", toml, "--out", out],
        cwd=REPOSITORY,
        env={**os.environ, **env},
        check=True,
    )
    return json.loads(out.read_text())


def tool(folder: Path, name: str) -> Path:
    """A program of that name."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_programmers_in_their_order(tmp_path: Path) -> None:
    names = [entry["name"] for entry in debugging(tmp_path, "stm32h750b_dk")["programmers"]]
    assert names == ["stm32cubeprogrammer", "openocd", "pyocd", "st-flash"]
    assert debugging(tmp_path, "mps2_an500")["programmers"] == []


@pytest.mark.parametrize("board", ["stm32h750b_dk", "mps2_an500"])
def test_boards_of_qemu(tmp_path: Path, board: str) -> None:
    assert debugging(tmp_path, board)["qemu"] == [
        {"board": "mps2_an500", "machine": "mps2-an500", "cpu": "cortex-m7"}
    ]


def test_a_board_of_another_core_is_no_relative(tmp_path: Path) -> None:
    assert debugging(tmp_path, "netduinoplus2")["qemu"] == [
        {"board": "netduinoplus2", "machine": "netduinoplus2", "cpu": "cortex-m4"}
    ]


def test_gdb_on_path_is_a_name(tmp_path: Path) -> None:
    tool(tmp_path / "bin", "gdb-multiarch")
    path = f"{tmp_path / 'bin'}"
    assert debugging(tmp_path, "mps2_an500", PATH=path, GDB="")["gdb"] == "gdb-multiarch"
    tool(tmp_path / "bin", "arm-none-eabi-gdb")
    assert debugging(tmp_path, "mps2_an500", PATH=path, GDB="")["gdb"] == "arm-none-eabi-gdb"


def test_gdb_elsewhere_is_a_path(tmp_path: Path) -> None:
    gdb = str(tool(tmp_path / "elsewhere", "mygdb"))
    assert debugging(tmp_path, "mps2_an500", GDB=gdb)["gdb"] == gdb


def test_no_gdb_here(tmp_path: Path) -> None:
    """The files are made for another computer, then: the usual name."""
    found = debugging(tmp_path, "mps2_an500", PATH=str(tmp_path), GDB="")
    assert found["gdb"] == "arm-none-eabi-gdb"
