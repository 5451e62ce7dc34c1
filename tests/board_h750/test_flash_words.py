"""A flash word of 256 bits is programmed once: what is stored shares none, wherever it lies."""

from __future__ import annotations

import itertools
import subprocess
from pathlib import Path
from typing import Any

import pytest

from codegen.place import place_objects
from codegen.render import render
from device.elf import Elf
from device.images import raw_image
from device.layout import check_layout
from tests.board_h750.firmware import APPS, BOARD

_SIZES = {"kernels": 12 << 10, "weights": 101, "activations": 9, "subset": 785, "results": 11}
_KERNELS = ("itcm", "axi", "sram1", "flash")
_WEIGHTS = ("dtcm", "axi", "sdram", "flash", "qspi")
_SUBSETS = ("flash", "qspi", "axi")
_WORD = 32  # RM0433, "Embedded flash memory": 256 bits with 10 bits of ECC


@pytest.fixture(scope="module")
def odd_sizes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("odd") / "odd_sizes.o"
    source = APPS / "odd_sizes.S"
    subprocess.run(["arm-none-eabi-gcc", *BOARD.cpu.flags, "-c", source, "-o", out], check=True)
    return out


def _link(
    odd_sizes: Path,
    folder: Path,
    where: dict[str, str],
    *,
    pad: bool = True,
    memories: dict[str, Any] | None = None,
) -> Elf:
    memories = memories or BOARD.to_json()
    placement = {"objects": place_objects(memories, _SIZES, where)}
    script = render("board/firmware.ld.j2", {"memories": memories, "placement": placement})
    if not pad:
        script = script.replace("ALIGN(32)", "ALIGN(4)")
    (folder / "firmware.ld").write_text(script)
    elf = folder / "firmware.elf"
    options = ["-nostdlib", "-Wl,--no-warn-rwx-segments", f"-T{folder / 'firmware.ld'}"]
    command = ["arm-none-eabi-gcc", *BOARD.cpu.flags, str(odd_sizes), *options, "-o", str(elf)]
    subprocess.run(command, check=True)
    return Elf(elf)


def _words(elf: Elf) -> list[range]:
    """The flash words of each segment that is stored in internal flash."""
    flash = BOARD.memory("flash")
    stored = [s for s in elf.segments if s.data and flash.contains(s.load)]
    return [range(s.load // _WORD, -(-(s.load + len(s.data)) // _WORD)) for s in stored]


@pytest.mark.parametrize("kernels", _KERNELS)
def test_no_two_segments_share_a_flash_word(kernels: str, odd_sizes: Path, tmp_path: Path) -> None:
    for weights, subset in itertools.product(_WEIGHTS, _SUBSETS):
        where = {"kernels": kernels, "weights": weights, "subset": subset}
        elf = _link(odd_sizes, tmp_path, where)
        words = [word for segment in _words(elf) for word in segment]
        assert len(words) == len(set(words)) > 3, where
        check_layout(elf, BOARD.memories)
        image = raw_image(elf.segments, BOARD.memory("flash"))
        assert len(image) % _WORD == 0 and len(image) // _WORD >= len(words), where


def test_a_stack_that_would_not_be_aligned_is_a_link_error(
    odd_sizes: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """__stack_top on a multiple of 8 (AAPCS), its guard on a multiple of 256."""
    for length, text in ((0x1FFFC, "multiple of 8"), (0x1FFF8, "multiple of 256")):
        memories = BOARD.to_json()
        next(m for m in memories["memories"] if m["name"] == "dtcm")["length"] = length
        with pytest.raises(subprocess.CalledProcessError):
            _link(odd_sizes, tmp_path, {}, memories=memories)
        assert text in capfd.readouterr().err


def test_without_padding_they_would(odd_sizes: Path, tmp_path: Path) -> None:
    elf = _link(odd_sizes, tmp_path, {"weights": "dtcm"}, pad=False)
    words = [word for segment in _words(elf) for word in segment]
    assert len(words) > len(set(words))
