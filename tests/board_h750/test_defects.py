"""Broken hardware: each wait of the bring-up ends, says what is missing, and ends the run."""

from __future__ import annotations

import pytest

from device.emulators.h750.chip import DEFECTS
from tests.board_h750.conftest import Run
from tests.board_h750.firmware import RESULTS, Edit, Workshop

_BRINGUP_FAILED = 64

# Defect -> (external memory it shows with, the error text).
_FATAL = {
    "supply": ("", "power: the core voltage is not ready"),
    "voltage": ("", "power: the core voltage does not settle"),
    "pll1": ("", "clock: PLL1 does not lock"),
    "wait-states": ("", "clock: the flash wait states do not take effect"),
    "csi": ("qspi", "pins: CSI does not start"),
    "compensation": ("qspi", "pins: the compensation cell does not get ready"),
    "qspi-busy": ("qspi", "qspi: a transfer does not end"),
    "qspi-absent": ("qspi", "qspi: not the flash chips of board.toml"),
    "qspi-vcr": ("qspi", "qspi: the flash does not take its dummy cycles"),
    "qspi-lines": ("qspi", "qspi: mapped reads differ from reads on one line"),
    "sdram-address": ("sdram", "sdram: the self-test read other values than it wrote"),
}
_SURVIVED = {"hse", "hse-bypass", "console", "overdrive", "hse-slow", "voltage-slow"}


def test_each_defect_is_tried() -> None:
    assert set(DEFECTS) == set(_FATAL) | _SURVIVED


@pytest.mark.sample(5)
@pytest.mark.parametrize("defect", _FATAL)
def test_a_defect_ends_the_run_with_its_text(defect: str, workshop: Workshop, run: Run) -> None:
    uses, text = _FATAL[defect]
    elf = workshop.build(qspi=uses == "qspi", sdram=uses == "sdram")
    # Without a supply RAM may lose what is written; in this model it does not.
    ignore = "power.run-star,power.vos-early" if defect == "supply" else ""
    result = run(elf, revision="V", broken=defect, ignore=ignore)
    assert result.status == _BRINGUP_FAILED
    assert f"error: {text}" in result.console
    assert result.console.endswith("\n")
    assert result.results == b""


def test_without_hse_it_runs_on_hsi_and_says_so(workshop: Workshop, run: Run) -> None:
    result = run(workshop.build(qspi=True, sdram=True), broken="hse")
    assert (result.status, result.results) == (0, RESULTS)
    for revision in "YV":
        assert f"revision {revision}, 384 MHz from HSI\n" in result.console
    assert result.console.count("clock: nothing comes from HSE; the internal HSI is used") == 2


def test_a_crystal_instead_of_an_oscillator_works(workshop: Workshop, run: Run) -> None:
    result = run(workshop.build(), broken="hse-bypass")
    assert result.status == 0
    assert "480 MHz from HSE" in result.console


def test_a_console_that_takes_nothing_does_not_stop_it(workshop: Workshop, run: Run) -> None:
    result = run(workshop.build(), broken="console,pll1", revision="V")
    assert (result.status, result.console) == (_BRINGUP_FAILED, "")


def test_without_vos0_it_runs_at_400_mhz_and_says_so(workshop: Workshop, run: Run) -> None:
    result = run(workshop.build(qspi=True, sdram=True), broken="overdrive", revision="V")
    assert (result.status, result.results) == (0, RESULTS)
    assert "clock: no voltage for 480 MHz (VOS0); 400 MHz are used\n" in result.console
    assert "revision V, 400 MHz from HSE\n" in result.console


def test_slow_starters_are_waited_for(workshop: Workshop, run: Run) -> None:
    """60 ms for HSE, 600 ms for each voltage; with the waits of before, the run ends or is slow."""
    result = run(workshop.build(), broken="hse-slow,voltage-slow", revision="V")
    assert (result.status, result.results) == (0, RESULTS)
    assert "revision V, 480 MHz from HSE\n" in result.console
    short = Edit("clocks.c", "HSE_TIMEOUT_MS 100u", "HSE_TIMEOUT_MS 10u")
    assert "384 MHz from HSI" in run(workshop.build(edits=[short]), broken="hse-slow").console
    short = Edit("power.c", "VOLTAGE_TIMEOUT_MS 1000u", "VOLTAGE_TIMEOUT_MS 5u")
    result = run(workshop.build(edits=[short]), broken="voltage-slow", revision="V")
    assert result.status == _BRINGUP_FAILED
