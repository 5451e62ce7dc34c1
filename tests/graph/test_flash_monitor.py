"""`scons flash monitor` in one line: the terminal comes last, whichever is named first."""

from __future__ import annotations

import pytest

from tests.graph.project import Project


@pytest.mark.parametrize("targets", [("flash", "monitor"), ("monitor", "flash")])
def test_flash_comes_before_the_terminal(targets: tuple[str, str], project: Project) -> None:
    shown = project.scons(*targets, "-n", verbose="1", board="stm32h750b_dk").output
    assert -1 < shown.find("device flash ") < shown.find("device monitor "), shown


def test_the_terminal_alone_flashes_nothing(project: Project) -> None:
    shown = project.scons("monitor", "-n", verbose="1", board="stm32h750b_dk").output
    assert "device monitor " in shown and "device flash " not in shown
