"""A second STM32H7 board is data: other oscillator, pins, LEDs, SDRAM, flash chips, or none.

The boards are invented. Each is the STM32H750B-DK's board.toml with other values, as
docs/add-a-board.md tells to make one, built by `scons` without a line of C, and run on the model,
which takes what surrounds the chip from that board.toml.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from device.boards import read_board
from device.chip_family import check_family
from device.emulators.h750.storage import Storage
from device.emulators.h750.wiring import stated_wiring
from support.errors import UserError
from tests.board_h750.firmware import BOARD_FOLDER
from tests.device.boards_with_probes import device
from tests.end_to_end.conftest import SIZES, other_model, scons  # noqa: F401

_EXAMPLE = (BOARD_FOLDER / "board.toml").read_text()
_IMAGES = 5


def without_memory(text: str, name: str) -> str:
    """A board.toml without a memory, and without what only its driver needs."""
    text = re.sub(rf"(#[^\n]*\n)*\[\[memory\]\]\nname = \"{name}\"\n([^\n]+\n)+", "", text)
    text = text.replace(f', "{name}"', "")
    return re.sub(rf'^{name}[a-z_]* = ("""[^"]*"""|[^\n]*)\n', "", text, flags=re.MULTILINE)


def changed(text: str, values: Mapping[str, str]) -> str:
    """A board.toml in which keys have other values, wherever they stand; each stands there once."""
    for key, value in values.items():
        text, count = re.subn(
            rf'^{key} = ("""[^"]*"""|[^\n]*)$', f"{key} = {value}", text, flags=re.MULTILINE
        )
        assert count == 1, key
    return text


_CLOCKS = {"hse_khz": "8000", "pll_m": "1", "pll_n_480": "120", "pll_n_400": "100"}


def _named(text: str, name: str, title: str) -> str:
    head, memories = text.split("[[memory]]", 1)
    return changed(head, {"name": f'"{name}"', "title": f'"{title}"'}) + "[[memory]]" + memories


def bare_board() -> str:
    """8 MHz, USART1, one LED that is on when its pin is high; nothing outside the chip."""
    text = without_memory(without_memory(_EXAMPLE, "qspi"), "sdram")
    text = changed(text, {**_CLOCKS, "console_usart": "1", "leds_active_low": "0"})
    text = changed(text, {"console": '"PB14:4 PB15:4"', "success": '"PE3"'})
    text = re.sub(r"^failure = .*\n", "", text, flags=re.MULTILINE)
    text = re.sub(r"^loader = .*\n|^external_bank = .*\n", "", text, flags=re.MULTILINE)
    return _named(text, "bare_h7", "Bare H7")


def large_board() -> str:
    """24 MHz, UART4, no LEDs; a flash chip of 32 MiB, 32 MiB of SDRAM on bank 1, 32 data lines."""
    values = {
        "hse_khz": "24000",
        "pll_m": "3",
        "pll_n_480": "120",
        "pll_n_400": "100",
        "console_usart": "4",
        "console": '"PA0:8 PA1:8"',
        "qspi_chips": "1",
        "qspi_jedec_id": "0x20BA19",
        "qspi_khz": "40000",
        "qspi": '"PB2:9 PB6:10 PD11:9 PD12:9 PE2:9 PD13:9"',
        "sdram_data_bits": "32",
        "sdram_column_bits": "9",
        "sdram_cas": "2",
        "sdram_khz": "133000",
        "sdram_txsr_ns": "75",
        "sdram_tras_ns": "45",
        "sdram_trc_ns": "65",
        "sdram_trp_ns": "20",
        "sdram_trcd_ns": "20",
        "sdram": '"PC2:12 PC3:12 PH5:12 PF0:12"',
    }
    text = changed(_EXAMPLE, values).replace("leds_active_low = 1\n", "")
    text = re.sub(r"#[^\n]*\n\[chip\.leds\]\n([^\n]+\n)+", "", text)
    text = text.replace("length = 0x08000000", "length = 0x02000000")
    text = text.replace("origin = 0xD0000000\nlength = 0x00800000", _BANK_1)
    assert _BANK_1 in text
    return _named(text, "large_h7", "Large H7")


_BANK_1 = "origin = 0xC0000000\nlength = 0x02000000"


def written(folder: Path, text: str) -> Path:
    """The board's folder; its name is the board's."""
    name = re.search(r'^name = "([^"]+)"', text, flags=re.MULTILINE)
    assert name
    place = folder / "my boards" / name[1]
    place.mkdir(parents=True)
    (place / "board.toml").write_text(text)
    if "openocd.cfg" in text:
        (place / "openocd.cfg").write_bytes((BOARD_FOLDER / "openocd.cfg").read_bytes())
    return place


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("text", "placement", "title"),
    [
        (bare_board(), "", "Bare H7"),
        (large_board(), "subset:qspi,weights:qspi,activations:sdram,results:sdram", "Large H7"),
    ],
    ids=["bare", "large"],
)
def test_it_is_built_and_boots(
    text: str,
    placement: str,
    title: str,
    tmp_path: Path,
    other_model: Path,  # noqa: F811
) -> None:
    board = written(tmp_path, text)
    words = [f"board={board}", f"network={other_model}", f"subset_size={_IMAGES}", "werror=1"]
    words += [f"placement={placement}"] if placement else []
    done = scons(tmp_path / "build", "sim", *words)
    assert done.returncode == 0, done.stdout + done.stderr
    for revision, clock in (("Y", 400), ("V", 480)):
        assert f"{title}, revision {revision}, {clock} MHz from HSE\n" in done.stdout
    size = _IMAGES * SIZES[-1]
    assert f"{size}/{size} output bytes identical to the reference" in done.stdout
    # Firmware of one board is no firmware of another.
    elf = tmp_path / "build" / board.name / "firmware.elf"
    message = f"{elf}: is firmware of board {board.name}, not of stm32h750b_dk"
    for verb, *more in (("sim",), ("flash", "--dry-run"), ("debug", "--dry-run")):
        other = device(verb, "--board", BOARD_FOLDER / "board.toml", "--elf", elf, *more)
        assert other.returncode == 1 and message in other.stderr, other.stdout + other.stderr


# Key -> value that does not fit the rest, what the compiler says.
_MISFITS = [
    ("pll_m", "2", "pll_n_480: not 480 MHz"),
    ("console_usart", "9", "console_usart must be 1 to 8"),
    ("sdram_column_bits", "10", "sdram: length: not that of its columns"),
    ("sdram_trc_ns", "20", "too short"),
    ("qspi_chips", "3", "qspi_chips: 1 or 2"),
    ("qspi_khz", "90000", "qspi_khz: at most 50000"),
]


@pytest.mark.sample(2)
@pytest.mark.parametrize(("key", "value", "text"), _MISFITS, ids=[row[0] for row in _MISFITS])
def test_values_that_do_not_fit_do_not_compile(
    key: str,
    value: str,
    text: str,
    tmp_path_factory: pytest.TempPathFactory,
    other_model: Path,  # noqa: F811
) -> None:
    folder = tmp_path_factory.getbasetemp() / "misfits"  # the network is made once
    board = folder / "my boards/large_h7"
    board.mkdir(parents=True, exist_ok=True)
    (board / "openocd.cfg").write_bytes((BOARD_FOLDER / "openocd.cfg").read_bytes())
    (board / "board.toml").write_text(changed(large_board(), {key: value}))
    done = scons(
        folder / "build",
        f"board={board}",
        f"network={other_model}",
        f"subset_size={_IMAGES}",
        "placement=subset:qspi,activations:sdram",
    )
    assert done.returncode != 0
    assert text in done.stderr + done.stdout


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("hse_khz = 8000\n", "", "missing key hse_khz, which family stm32h7 needs"),
        ("hse_khz = 8000\n", "hse_kz = 8000\n", "missing key hse_khz"),
        ("hse_khz = 8000\n", "hse_khz = 8000\nhse_kz = 1\n", "unknown key 'hse_kz'"),
        ("leds_active_low = 0\n", "", "missing key leds_active_low"),
        ('success = "PE3"', 'sucess = "PE3"', "unknown key 'sucess'"),
        ('console = "PB14:4 PB15:4"', 'port = "PB14:4 PB15:4"', "missing key console"),
        ('"stm32h7"', '"stm32h8"', "no family 'stm32h8'"),
    ],
)
def test_keys_that_the_family_does_not_know_or_misses(
    old: str, new: str, text: str, tmp_path: Path
) -> None:
    board = written(tmp_path, bare_board().replace(old, new, 1))
    done = device("memories", "--board", board / "board.toml", "--out", tmp_path / "memories.json")
    assert done.returncode == 1 and text in done.stderr, done.stderr
    assert not (tmp_path / "memories.json").exists()


@pytest.mark.parametrize("name", ["qspi", "sdram"])
def test_an_external_memory_without_its_values(name: str, tmp_path: Path) -> None:
    text = re.sub(rf"^{name}_[a-z_]* = .*\n", "", _EXAMPLE, flags=re.MULTILINE)
    board = written(tmp_path, text)
    with pytest.raises(UserError, match=rf"\[chip.constants\]: missing keys {name}_"):
        check_family(read_board(board / "board.toml"))


def test_one_flash_chip_has_every_byte(tmp_path: Path) -> None:
    """Programming and erasing without interleaving: 64 KiB at a time."""
    board = read_board(written(tmp_path, large_board()) / "board.toml")
    storage = Storage(wiring=stated_wiring(board))
    storage.program_external(0, 0xFFFE, b"\x12\x34")
    storage.program_external(0, 0x10000, b"\x56")
    assert storage.read_external(0xFFFD, 5) == b"\xff\x12\x34\x56\xff"
    storage.erase_external(0, 0, 64 << 10)
    assert storage.read_external(0xFFFD, 5) == b"\xff\xff\xff\x56\xff"
