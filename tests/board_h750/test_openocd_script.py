"""What the board's script for OpenOCD is there for, line by line, by the real OpenOCD.

The tool's own way sets AXI to 192 MHz where the voltage allows 100, and leaves flash chips as
former code left them. Each is tried with the script as it is, and with the line taken out.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from device.emulators.h750.mt25q import PROTOCOLS
from tests.board_h750.firmware import BOARD_FOLDER
from tests.board_h750.flashing import Firmware, ModelBoard

pytestmark = pytest.mark.skipif(shutil.which("openocd") is None, reason="needs OpenOCD")

_OWN_CLOCKS = (
    r"^model: the tool breaks the rule clock\.bus: a bus clock is above what the voltage allows "
    r"\(AXI 192 MHz at VOS3\)$"
)


def _without(pattern: str, instead: str, folder: Path) -> ModelBoard:
    """A new board whose script has something else in one place."""
    place = folder / BOARD_FOLDER.name
    shutil.copytree(BOARD_FOLDER, place)
    script = place / "openocd.cfg"
    text, count = re.subn(pattern, instead, script.read_text(), flags=re.MULTILINE | re.DOTALL)
    assert count == 1, pattern
    script.write_text(text)
    return ModelBoard(folder / "board.zip", place)


@pytest.mark.sample(1)
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_flash_chips_that_former_code_left_on_any_lines_answer(
    protocol: str, both: Firmware, tmp_path: Path
) -> None:
    board = ModelBoard(tmp_path / "board.zip")
    done = board.run("flash", "openocd", both, options=("--flash", protocol))
    assert done.status == 0, done.said + done.errors
    assert both.stands_in(board.memories())


def test_without_a_reset_on_two_lines_they_stay_silent(both: Firmware, tmp_path: Path) -> None:
    board = _without(r"foreach lines \{3 2 1\}", "foreach lines {3 1}", tmp_path)
    done = board.run("flash", "openocd", both, options=("--flash", "dpi"))
    assert done.status == 1 and "the external flash did not answer" in done.errors, done.said
    assert done.changes == 0
    again = board.run("flash", "openocd", both, options=("--flash", "qpi"))
    assert again.status == 0, again.said + again.errors


def test_the_clocks_that_openocd_sets_by_itself_are_refused(own: Firmware, tmp_path: Path) -> None:
    board = _without(r"^\S+ configure -event reset-init \{\n.*?^\}\n", "", tmp_path)
    done = board.run("flash", "openocd", own)
    assert re.search(_OWN_CLOCKS, done.said, re.MULTILINE), done.said
    assert done.status == 1 and done.errors.count("error:") == 1, done.errors
    assert "the tool set the board's clocks to what its hardware does not allow" in done.errors
    assert done.changes == 0
    ignored = board.run("flash", "openocd", own, options=("--ignore", "clock.bus"))
    assert ignored.status == 0, ignored.said + ignored.errors  # it breaks no other rule


def test_the_clocks_of_the_script_are_not(own: Firmware, tmp_path: Path) -> None:
    board = ModelBoard(tmp_path / "board.zip")
    done = board.run("flash", "openocd", own)
    assert done.status == 0 and "breaks the rule" not in done.said, done.said + done.errors
    assert own.stands_in(board.memories())
