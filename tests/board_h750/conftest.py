"""One workshop for all tests of this folder, and a way to run what it builds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from device.emulators import SimOptions, SimResult, emulator
from tests.board_h750.firmware import BOARD, Workshop
from tests.board_h750.flashing import Firmware, build

Run = Callable[..., SimResult]
# Of a folder: what shells, Tcl and pyOCD's commander would take for something else.
_NAME = "a b+c, 'd' \"e\" $f [exit] #g =h @i; é%s"


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return Workshop(tmp_path_factory.mktemp("h750"))


@pytest.fixture(scope="session")
def own(workshop: Workshop, tmp_path_factory: pytest.TempPathFactory) -> Firmware:
    """Firmware for the chip's own flash."""
    return build(workshop, tmp_path_factory.mktemp("own") / _NAME, qspi=False)


@pytest.fixture(scope="session")
def both(workshop: Workshop, tmp_path_factory: pytest.TempPathFactory) -> Firmware:
    """Firmware for own and external flash."""
    return build(workshop, tmp_path_factory.mktemp("both") / "a b", qspi=True)


@pytest.fixture(scope="session")
def run() -> Run:
    """run(elf, key=value, ...) -> SimResult, with the model's settings."""

    def call(elf: Path, **settings: str) -> SimResult:
        options = SimOptions(120.0, lambda text: None, settings)
        return emulator("h750").run(BOARD, elf, options)

    return call
