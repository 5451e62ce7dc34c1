"""`scons flash monitor` in one line: the terminal comes last, whichever is named first."""

from __future__ import annotations

import re

import pytest

from tests.graph.project import Project


@pytest.mark.parametrize("targets", [("flash", "monitor"), ("monitor", "flash")])
def test_flash_comes_before_the_terminal(targets: tuple[str, str], project: Project) -> None:
    shown = project.scons(*targets, "-n", verbose="1", board="stm32h750b_dk").output
    assert -1 < shown.find("device flash ") < shown.find("device monitor "), shown


@pytest.mark.parametrize("targets", [("flash", "monitor"), ("monitor",)])
def test_a_dry_run_opens_no_port(targets: tuple[str, ...], project: Project) -> None:
    board = {"board": "stm32h750b_dk", "programmer": "openocd", "subset_size": "0"}
    lines = project.build(*targets, dry_run="1", **board).output.splitlines()
    shown = [line for line in lines if line.startswith(("open ", "openocd ", "/"))]
    assert sum(line.startswith("open the debug probe's serial port, 115200") for line in shown) == 1
    assert "openocd" in shown[-1] and "reset" in shown[-1]


def test_the_model_has_no_port_and_says_what_prints_its_console(project: Project) -> None:
    run = project.scons("monitor", probe="model", board="stm32h750b_dk", subset_size="0")
    assert run.status != 0
    assert "the board's model has no serial port" in run.output
    assert "`scons reset probe=model`" in run.output and "Traceback" not in run.output


def test_the_terminal_alone_flashes_nothing(project: Project) -> None:
    shown = project.scons("monitor", "-n", verbose="1", board="stm32h750b_dk").output
    assert "device monitor " in shown and "device flash " not in shown


def test_a_programmer_beside_our_python_is_installed(project: Project) -> None:
    """.venv/bin is in nobody's PATH who calls plain `scons`."""
    board = {"board": "stm32h750b_dk", "programmer": "pyocd", "subset_size": "0"}
    shown = project.build("reset", dry_run="1", **board).output
    assert re.search(r"/bin/pyocd'? reset", shown) and "not installed" not in shown
