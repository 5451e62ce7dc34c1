"""board.toml: what is refused, and with which words."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from device import boards
from device.emulators import _MODULES
from support.errors import UserError
from tests.device.conftest import FIRMWARE, ROOT, board_toml

MPS2 = board_toml("mps2_an500").read_text()


@pytest.mark.parametrize("path", sorted(FIRMWARE.glob("boards/*/board.toml")), ids=str)
def test_every_board_of_the_project_is_valid(path: Path) -> None:
    board = boards.read_board(path)
    assert board.name == path.parent.name
    chip = FIRMWARE / "chips" / board.chip.family / "board.c"
    assert (chip if board.chip.family else path.parent / "board.c").exists()


def test_the_example_of_the_docs_is_valid(tmp_path: Path) -> None:
    """As a stranger copies it, with the memories that its placement names."""
    page = (ROOT / "docs/add-a-board.md").read_text()
    example = page.partition("```toml\n")[2].partition("```")[0]
    more = "".join(
        f'[[memory]]\nname = "{name}"\norigin = {origin:#x}\nlength = 0x10000\nkind = "{kind}"\n'
        f'access = "{access}"\n'
        for name, origin, kind, access in (
            ("itcm", 0x0, "ram", "rwx"),
            ("dtcm", 0x20000000, "ram", "rwx"),
            ("sram", 0x24000000, "ram", "rwx"),
            ("qspi", 0x90000000, "flash", "rx"),
        )
    )
    (tmp_path / "board.toml").write_text(example + more)
    board = boards.read_board(tmp_path / "board.toml")
    assert (board.chip.family, board.emulator) == ("stm32h7", "h750")
    assert [group.mask for group in board.chip.pins["console"]] == [0x0C00]
    assert board.memory("flash").word == 32


CHIP = """
[chip]
family = "stm32h7"
[chip.constants]
hse_khz = 25000
[chip.pins]
console = "PB10:7 PB11:7 PA1:7 PB1:8"
[chip.leds]
success = "PJ2"
"""


def test_pins_are_grouped_by_port_and_function(tmp_path: Path) -> None:
    (tmp_path / "board.toml").write_text(MPS2 + CHIP)
    chip = boards.read_board(tmp_path / "board.toml").chip
    groups = [(g.port, g.function, g.mask) for g in chip.pins["console"]]
    assert groups == [("A", 7, 0x0002), ("B", 7, 0x0C00), ("B", 8, 0x0002)]
    assert (chip.constants, chip.leds) == ({"hse_khz": 25000}, {"success": ("J", 2)})


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("PB10:7 ", "PB16:7 ", "'PB16' is no pin"),
        ("PB10:7 ", "PL1:7 ", "'PL1:7' is no pin with its function"),
        ("PB10:7 ", "PB10 ", "'PB10' is no pin with its function"),
        ("PB10:7 ", "PB10:16 ", "'PB10:16' is no pin with its function"),
        ("PB10:7 ", "PB10:7 PB10:8 ", "PB10 stands there twice"),
        ('"PJ2"', '"J2"', "'J2' is no pin"),
        ("hse_khz = 25000", 'hse_khz = "25 MHz"', "hse_khz must be an integer"),
        ("hse_khz", '"hse-khz"', "'hse-khz' is no name"),
        ('family = "stm32h7"', "", "missing key 'family'"),
        ("[chip.leds]", "[chip.lamps]", "unknown key 'lamps'"),
    ],
)
def test_chip_facts_that_are_refused(old: str, new: str, text: str, tmp_path: Path) -> None:
    assert CHIP.count(old) == 1
    (tmp_path / "board.toml").write_text(MPS2 + CHIP.replace(old, new))
    with pytest.raises(UserError) as caught:
        boards.read_board(tmp_path / "board.toml")
    assert text in str(caught.value)


def test_every_emulator_has_a_module() -> None:
    assert set(_MODULES) == set(boards.EMULATORS)


@pytest.mark.parametrize(
    ("old", "new", "fragments"),
    [
        ('name = "mps2_an500"', 'nam = "mps2_an500"', ["missing key 'name'", "'nam'"]),
        ('core = "cortex-m7"', 'core = "cortex-m8"', ["'cortex-m8' is unknown", "cortex-m7"]),
        ('fpu = "fpv5-sp-d16"', 'fpu = "none"', ["needs an fpu"]),
        ('float_abi = "hard"', 'float_abi = "hard"\nfpuu = 1', ["unknown key 'fpuu'", "'fpu'"]),
        ("zero_wait = true", "zero_wait = 1", ["zero_wait must be true or false"]),
        ("zero_wait = true", "zero_weight = true", ["unknown key 'zero_weight'", "zero_wait"]),
        ("length = 0x00400000", "length = 0", ["length"]),
        ("length = 0x00400000", "length = 0x00400001", ["no multiple of 4"]),
        ("length = 0x00400000", "length = true", ["length must be an integer"]),
        ("length = 0x00400000", "length = -4", ["outside"]),
        ("length = 0x00400000", "length = 0x20000004", ["'code' and 'ram' overlap"]),
        ("origin = 0x60000000", "origin = 0xFFFFFFF0", ["32-bit"]),
        ('name = "psram"', 'name = "ram"', ["two memories are called 'ram'"]),
        ('name = "psram"', 'name = "PSRAM"', ["is no name"]),
        ('access = "rx"', 'access = "xr"', ["'xr'", "rwx"]),
        ('access = "rx"', 'access = "r"', ["code need 'rx'"]),
        ('access = "r"\n', 'access = "r"\nreserve_start = 0x01000000\n', ["leaves nothing"]),
        ('kind = "ram"', 'kind = "ram"\nimage = true', ["image = true needs kind = 'flash'"]),
        ('kind = "ram"', 'kind = "rom"', ["'rom' is unknown"]),
        ('vectors = ["code"]', 'vectors = ["ram"]', ["vectors must lie in flash"]),
        ('subset = ["psram"]', 'subset = ["pram"]', ["'pram' is unknown", "'psram'"]),
        ('subset = ["psram"]', 'subset = "psram"', ["subset must be a list"]),
        ('subset = ["psram"]', "subset = []", ["subset is empty"]),
        ('subset = ["psram"]', 'subset = ["psram", "psram"]', ["names 'psram' twice"]),
        ('results = ["ram"]', 'results = ["psram"]', ["results need 'rw'"]),
        ('load = ["code", "psram"]', 'load = ["ram"]', ["'ram' is no flash"]),
        ("stack = 0x4000", "stack = 0x4004", ["no multiple of 256"]),
        ("[budget]", "[budgets]", ["missing key 'budget'", "'budgets'"]),
        ('kind = "emulator"', 'kind = "emulator"\nbaud = 9600', ["unknown key 'baud'"]),
        ("[[memory]]", "[[memory", ["not valid TOML"]),
        ('emulator = "qemu-mps2-an500"', 'emulator = "quemu"', ["'quemu' is unknown"]),
        ("[console]", "[programmers]\nopenocd = 3\n[console]", ["openocd must be a table"]),
        ("[console]", "[programmers.openocd]\nbank = 1\n[console]", ["bank must be a string"]),
        ("[console]", "[consol]\n[console]", ["unknown key 'consol'", "'console'"]),
        ('access = "rwx"', 'access = ""', ["access is empty"]),
    ],
)
def test_refused(tmp_path: Path, old: str, new: str, fragments: list[str]) -> None:
    assert old in MPS2
    path = tmp_path / "board.toml"
    path.write_text(MPS2.replace(old, new, 1))
    with pytest.raises(UserError) as caught:
        boards.read_board(path)
    message = str(caught.value)
    assert str(path) in message
    assert all(fragment in message for fragment in fragments), message


def test_memories_json(tmp_path: Path) -> None:
    out = tmp_path / "memories.json"
    command = [sys.executable, "-m", "device", "memories", "--out", str(out)]
    subprocess.run([*command, "--board", str(board_toml("mps2_an500"))], check=True, cwd=ROOT)
    content = json.loads(out.read_text())
    assert set(content) == {"board", "cpu", "memories", "placement", "budget", "chip", "console"}
    assert content["cpu"]["flags"][0] == "-mcpu=cortex-m7"
    assert set(content["placement"]) == {*boards.CLASSES, "load"}
    board = boards.read_board(board_toml("mps2_an500"))
    assert boards.read_memories(out) == board.memories


def test_unknown_board_gets_the_nearest_name(tmp_path: Path) -> None:
    out = tmp_path / "memories.json"
    path = FIRMWARE / "boards/mps2_an5000/board.toml"
    command = [sys.executable, "-m", "device", "memories", "--board", str(path), "--out", str(out)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "did you mean 'mps2_an500'?" in done.stderr
    assert not out.exists()


@pytest.mark.parametrize("content", ["{}", "[1]", '{"memories": [{"nam": 1}]}'])
def test_memories_json_of_someone_else(tmp_path: Path, content: str) -> None:
    path = tmp_path / "memories.json"
    path.write_text(content)
    with pytest.raises(UserError, match=r"not a memories\.json"):
        boards.read_memories(path)
