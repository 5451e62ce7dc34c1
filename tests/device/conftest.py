"""Small firmware, really compiled and linked, for the tests of this package."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from device.boards import Board, read_board

ROOT = Path(__file__).parents[2]
FIRMWARE = ROOT / "firmware"
APPS = Path(__file__).parent / "apps"
WARNINGS = ["-std=c11", "-Wall", "-Wextra", "-Wconversion", "-Werror"]

Build = Callable[..., Path]


def board_toml(name: str) -> Path:
    """The board.toml of one of the project's boards."""
    return FIRMWARE / "boards" / name / "board.toml"


@pytest.fixture(scope="session")
def mps2() -> Board:
    return read_board(board_toml("mps2_an500"))


@pytest.fixture(scope="session")
def host() -> Board:
    return read_board(board_toml("host"))


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """build(app, board="mps2_an500", flags=()) -> ELF; each combination is linked once."""
    done: dict[tuple[str, str, tuple[str, ...]], Path] = {}
    folder = tmp_path_factory.mktemp("apps")

    def make(app: str, board: str = "mps2_an500", flags: Sequence[str] = ()) -> Path:
        key = (app, board, tuple(flags))
        if key not in done:
            done[key] = folder / f"{len(done)}-{board}-{app}.elf"
            _link(APPS / f"{app}.c", read_board(board_toml(board)), flags, done[key])
        return done[key]

    return make


def _link(app: Path, board: Board, flags: Sequence[str], out: Path) -> None:
    sources = [app, FIRMWARE / "app/console.c", FIRMWARE / f"boards/{board.name}/board.c"]
    compiler, link = "gcc", []
    if not board.cpu.native:
        compiler = "arm-none-eabi-gcc"
        sources += [FIRMWARE / "cortex_m/startup.c", FIRMWARE / "cortex_m/faults.c"]
        link = ["-nostartfiles", "-Wl,--no-warn-rwx-segments", f"-T{APPS / 'tiny.ld'}"]
    includes = [f"-I{FIRMWARE / folder}" for folder in ("app", "cortex_m")]
    options = [*board.cpu.flags, *WARNINGS, "-O2", "-g", *includes, *flags]
    subprocess.run([compiler, *options, *sources, *link, "-o", out], check=True)


def echo_reference(path: Path, images: int = 10) -> Path:
    """reference.npz of apps/echo.c: output i of an image is its input + 3 i."""
    inputs = np.zeros((images, 1), np.int8)
    inputs[:4, 0] = (1, 2, 3, 4)
    outputs = (inputs + 3 * np.arange(10)).astype(np.int8)
    np.savez(path, inputs=inputs, outputs=outputs)
    return path
