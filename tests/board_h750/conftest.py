"""One workshop for all tests of this folder, and a way to run what it builds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from device.emulators import SimOptions, SimResult, emulator
from tests.board_h750.firmware import BOARD, Workshop

Run = Callable[..., SimResult]


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return Workshop(tmp_path_factory.mktemp("h750"))


@pytest.fixture(scope="session")
def run() -> Run:
    """run(elf, key=value, ...) -> SimResult, with the model's settings."""

    def call(elf: Path, **settings: str) -> SimResult:
        options = SimOptions(120.0, lambda text: None, settings)
        return emulator("h750").run(BOARD, elf, options)

    return call
