"""The board code as it is: boots on both silicon revisions, with and without external memories."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from device.emulators.h750.wiring import STM32H750B_DK, stated_wiring
from support.errors import UserError
from tests.board_h750.conftest import Run
from tests.board_h750.firmware import BOARD, CHIPS, RESULTS, Edit, Workshop

_AFTER_BOOT = "the cycle counter counts\nmemory is set up\nnothing to read\n"


@pytest.mark.parametrize("qspi", [False, True])
@pytest.mark.parametrize("sdram", [False, True])
def test_both_revisions_boot_at_their_own_clock(
    qspi: bool, sdram: bool, workshop: Workshop, run: Run
) -> None:
    result = run(workshop.build(qspi=qspi, sdram=sdram))
    assert (result.status, result.results) == (0, RESULTS)
    assert result.console == (
        f"STM32H750B-DK, revision Y, 400 MHz from HSE\n{_AFTER_BOOT}"
        f"STM32H750B-DK, revision V, 480 MHz from HSE\n{_AFTER_BOOT}"
    )
    assert all("1 inferences touched only" in note for note in result.notes)


def test_flash_chips_that_a_loader_left_in_qpi_mode_are_reset(workshop: Workshop, run: Run) -> None:
    assert run(workshop.build(qspi=True), flash="qpi").results == RESULTS
    one_line_only = Edit("mt25q.c", "    qspi_command(CCR_RESET_4);\n", "")
    stuck = run(workshop.build(qspi=True, edits=[one_line_only]), flash="qpi")
    assert "not the flash chips of board.toml" in stuck.console


def test_an_image_without_external_memories_links_no_driver_for_them(workshop: Workshop) -> None:
    def functions(elf: Path) -> str:
        return subprocess.run(["nm", elf], check=True, capture_output=True, text=True).stdout

    internal = functions(workshop.build())
    both = functions(workshop.build(qspi=True, sdram=True))
    for name in ("qspi_start", "mt25q_start", "sdram_start"):
        assert f" {name}\n" in both
        assert f" {name}\n" not in internal


def test_the_code_fits_its_budget(workshop: Workshop) -> None:
    """Start-up, drivers, console and a small application: at most 8 KiB of flash."""
    elf = workshop.build(qspi=True, sdram=True)
    sizes = subprocess.run(["size", "-A", elf], check=True, capture_output=True, text=True).stdout
    flash = sum(
        int(line.split()[1])
        for line in sizes.splitlines()
        if line.startswith((".isr_vector", ".text", ".data"))
    )
    assert flash <= 8192


def test_the_board_code_has_no_variables(workshop: Workshop) -> None:
    """It runs before .data is copied and .bss is cleared."""
    for source, built in workshop.objects(qspi=True, sdram=True).items():
        if any((folder / source).exists() for folder in CHIPS):
            sizes = subprocess.run(["size", built], check=True, capture_output=True, text=True)
            _, data, bss, *_ = sizes.stdout.splitlines()[1].split()
            assert (data, bss) == ("0", "0"), source


def test_no_double_precision_instruction(workshop: Workshop) -> None:
    elf = workshop.build(qspi=True, sdram=True)
    listing = ["arm-none-eabi-objdump", "-d", "--no-show-raw-insn", str(elf)]
    code = subprocess.run(listing, check=True, capture_output=True, text=True).stdout
    assert "board_early_init" in code
    assert ".f64" not in code


def _listing(workshop: Workshop, function: str) -> list[str]:
    """Mnemonics of a function, as compiled."""
    elf = workshop.build(qspi=True, sdram=True)
    command = ["arm-none-eabi-objdump", "-d", "--no-show-raw-insn", f"--disassemble={function}"]
    text = subprocess.run([*command, elf], check=True, capture_output=True, text=True).stdout
    return [line.split("\t")[1].strip() for line in text.splitlines() if line.count("\t") >= 1]


def test_nothing_is_loaded_inside_the_start_up_sequence_of_quadspi(workshop: Workshop) -> None:
    """ES0392: disabled again within 127 kernel clocks; a load from flash may take longer."""
    words = [word.partition(".")[0] for word in _listing(workshop, "qspi_start")]
    start = next(i for i, word in enumerate(words) if word == "dsb")
    assert words[start + 1 : start + 5] == ["str"] * 4


def test_byte_stores_of_the_sdram_test_stay_apart(workshop: Workshop) -> None:
    """A barrier follows the byte store, or the store buffer may make one word of four."""
    words = [word.partition(".")[0] for word in _listing(workshop, "sdram_start")]
    store = next(i for i, word in enumerate(words) if word == "strb")
    assert "dsb" in words[store : store + 4]


def test_board_toml_has_the_sizes_of_the_model() -> None:
    """Two independent statements of the same facts."""
    stated = {memory.name: (memory.origin, memory.length) for memory in BOARD.memories}
    regions = STM32H750B_DK.regions
    assert stated == {region.name: (region.base, region.size) for region in regions}


def test_board_toml_has_the_wiring_of_the_model() -> None:
    """Two independent statements; board.toml may be slower than the chips."""
    stated, known = stated_wiring(BOARD), STM32H750B_DK
    assert (stated.hse_hz, stated.usart, stated.baud) == (known.hse_hz, known.usart, known.baud)
    assert stated.pins == known.pins
    assert stated.flash_chips == known.flash_chips
    mine, theirs = stated.sdram, known.sdram
    assert mine and theirs
    assert all(mine.times_ns[name] >= least for name, least in theirs.times_ns.items())
    assert mine.max_hz <= theirs.max_hz
    assert replace(mine, times_ns=theirs.times_ns, max_hz=theirs.max_hz) == theirs


def test_a_firmware_that_hangs_is_named(workshop: Workshop, run: Run) -> None:
    loop = Edit("board.c", "    caches_start();\n", "    for (;;) {\n    }\n")
    from device.emulators import SimOptions, emulator

    options = SimOptions(0.5, lambda text: None, {"revision": "V"})
    with pytest.raises(UserError, match=r"within 0.5 s; revision V was at .* in board_init"):
        emulator("h750").run(BOARD, workshop.build(edits=[loop]), options)


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"revision": "Z"}, "revision=Z"),
        ({"ignore": "clock.flsh"}, "did you mean 'clock.flash'"),
        ({"broken": "hsee"}, "no defect 'hsee'"),
        ({"flash": "opi"}, "flash=opi"),
        ({"colour": "red"}, "unknown emulator setting 'colour'"),
    ],
)
def test_wrong_settings_are_refused(
    settings: dict[str, str], text: str, workshop: Workshop, run: Run
) -> None:
    with pytest.raises(UserError) as caught:
        run(workshop.build(), **settings)
    assert text in str(caught.value)
