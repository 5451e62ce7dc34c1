"""A new board's first flash needs nothing but the chip: the number that docs and `flash` give.

The docs' command is generated from the trained network of tests/fixtures:
`UPDATE_DOCS=1 .venv/bin/python -m pytest tests/board_h750/test_first_flash.py`.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

from device.elf import Elf
from device.images import raw_image
from tests.board_h750.firmware import BOARD
from tests.device.boards_with_probes import device
from tests.end_to_end.conftest import scons
from tests.graph.project import REPOSITORY

_PAGE = REPOSITORY / "docs/stm32h750b-dk.md"
_COMMAND = re.compile(r"(?<=scons flash monitor subset_size=)\d+$", re.MULTILINE)
_NETWORK = REPOSITORY / "tests/fixtures/augmented_int8.onnx"
# What a first look at ten digits needs; whatever the firmware learns must leave room for it.
_LEAST = 10


def _build(folder: Path, mnist: Path, size: int) -> Path:
    done = scons(
        folder,
        "board=stm32h750b_dk",
        f"network={_NETWORK}",
        f"subset_size={size}",
        "werror=1",
        "inputs=mnist",
        "normalize=0,1",
        f"data_dir={mnist}",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "stm32h750b_dk"


def test_the_largest_subset_inside_the_chip_links_and_is_the_documented_one(
    tmp_path: Path, mnist_dir: Path
) -> None:
    board = _build(tmp_path / "build", mnist_dir, 100)
    largest = json.loads((board / "placement.json").read_text())["internal_subset"]
    elf, placement = board / "firmware.elf", board / "placement.json"
    toml = REPOSITORY / "firmware/boards/stm32h750b_dk/board.toml"
    shown = device("flash", "--board", toml, "--elf", elf, "--placement", placement, "--dry-run")
    assert f"subset_size={largest} needs the chip's own flash only" in shown.stderr
    page = _PAGE.read_text()
    if os.environ.get("UPDATE_DOCS") == "1":
        _PAGE.write_text(_COMMAND.sub(str(largest), page))
    else:
        assert set(_COMMAND.findall(page)) == {str(largest)}
    assert largest >= _LEAST
    elf = _build(tmp_path / "build", mnist_dir, largest) / "firmware.elf"
    assert raw_image(Elf(elf).segments, BOARD.memory("qspi")) == b""
    assert "qspi_start" not in {symbol.name for symbol in Elf(elf).symbols}
    with_it = json.loads((board / "placement.json").read_text())["objects"]
    assert with_it["subset"]["run"] == "flash"
