"""Another STM32H7 board is other data: 8 MHz crystal, USART1, no LEDs, nothing outside the chip."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from codegen.place import place_objects
from codegen.render import render
from device.boards import Board, read_board
from tests.board_h750.firmware import APPS, BOARD_FOLDER, CHIPS, FIRMWARE

_SIZES = {"kernels": 12 << 10, "weights": 100, "activations": 8, "subset": 32, "results": 16}
_FLAGS = ("-std=c11", "-Os", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-ffunction-sections")


def _board(folder: Path, pll_m: int = 1) -> Board:
    text = (BOARD_FOLDER / "board.toml").read_text()
    for name in ("qspi", "sdram"):
        text = re.sub(rf"(#[^\n]*\n)*\[\[memory\]\]\nname = \"{name}\"\n([^\n]+\n)+", "", text)
        text = text.replace(f', "{name}"', "")
    text = re.sub(r'qspi = "[^"]*"\n', "", text)
    text = re.sub(r'sdram = """[^"]*"""\n', "", text)
    text = re.sub(r"\[chip\.leds\]\n([^\n]+\n)+", "", text)
    for old, new in (
        ("hse_khz = 25000", "hse_khz = 8000"),
        ("pll_m = 5", f"pll_m = {pll_m}"),
        ("pll_n_480 = 192", "pll_n_480 = 120"),
        ("pll_n_400 = 160", "pll_n_400 = 100"),
        ("console_usart = 3", "console_usart = 1"),
        ("PB10:7 PB11:7", "PB14:4 PB15:4"),
        ('emulator = "h750"\n', ""),
        ('title = "STM32H750B-DK"', 'title = "Other H7"'),
    ):
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    (folder / "board.toml").write_text(text)
    return read_board(folder / "board.toml")


def _build(folder: Path, board: Board) -> subprocess.CompletedProcess[str]:
    memories = board.to_json()
    context = {"memories": memories, "placement": {"objects": place_objects(memories, _SIZES, {})}}
    for name in ("firmware.ld", "board_config.h"):
        (folder / name).write_text(render(f"board/{name}.j2", context))
    folders = (*CHIPS, FIRMWARE / "cortex_m")
    sources = [path for place in folders for path in sorted(place.glob("*.c"))]
    sources += [FIRMWARE / "app/console.c", FIRMWARE / "app/crc32.c", APPS / "bringup.c"]
    includes = [f"-I{path}" for path in (folder, *folders, FIRMWARE / "app")]
    link = ["-nostartfiles", "--specs=nano.specs", "-Wl,--gc-sections,--no-warn-rwx-segments"]
    words = [*board.cpu.flags, *_FLAGS, *includes, *sources, *link, f"-T{folder / 'firmware.ld'}"]
    return subprocess.run(
        ["arm-none-eabi-gcc", *map(str, words), "-o", str(folder / "firmware.elf")],
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_is_built_without_a_line_of_c(tmp_path: Path) -> None:
    done = _build(tmp_path, _board(tmp_path))
    assert done.returncode == 0, done.stderr
    image = (tmp_path / "firmware.elf").read_bytes()
    assert b"Other H7, revision " in image
    assert (0x40011000).to_bytes(4, "little") in image, "USART1"
    assert (0x40004800).to_bytes(4, "little") not in image, "USART3"


@pytest.mark.parametrize("pll_m", [2, 3])
def test_clock_values_that_do_not_fit_do_not_compile(pll_m: int, tmp_path: Path) -> None:
    done = _build(tmp_path, _board(tmp_path, pll_m))
    assert done.returncode != 0 and "pll_n_480: not 480 MHz" in done.stderr
