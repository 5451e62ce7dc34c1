"""docs/add-a-board.md: a second board of a family is a board.toml, wherever it lies."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.conftest import SIZES, other_model, scons  # noqa: F401
from tests.graph.project import REPOSITORY

_EXAMPLE = (REPOSITORY / "firmware/boards/netduinoplus2/board.toml").read_text()


@pytest.fixture
def board(tmp_path: Path) -> Path:
    """A board of its own, outside of this project, without a line of C."""
    folder = tmp_path / "my boards" / "blue_f405"
    folder.mkdir(parents=True)
    text = _EXAMPLE.replace('name = "netduinoplus2"', 'name = "blue_f405"')
    text = text.replace('title = "Netduino Plus 2"', 'title = "Blue F405"')
    text = text.replace("console_usart = 1", "console_usart = 1  # and no other line changes")
    (folder / "board.toml").write_text(text)
    return folder


def test_it_is_built_and_run_from_where_it_lies(
    board: Path,
    tmp_path: Path,
    other_model: Path,  # noqa: F811
) -> None:
    made = tmp_path / "build"
    words = (f"board={board}", f"network={other_model}", "subset_size=5", "werror=1")
    done = scons(made, "sim", *words)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Blue F405, 16 MHz from HSI\n" in done.stdout
    size = 5 * SIZES[-1]
    assert f"{size}/{size} output bytes identical to the reference" in done.stdout
    assert (made / "blue_f405/firmware.hex").exists()
    # Without an emulator it is built all the same, and `sim` says why it cannot run.
    text = (board / "board.toml").read_text()
    (board / "board.toml").write_text(text.replace('emulator = "qemu-netduinoplus2"\n', ""))
    done = scons(made, "sim", *words)
    assert done.returncode != 0
    assert "this board has no emulator" in done.stderr


def test_a_folder_without_a_board_is_named(tmp_path: Path, other_model: Path) -> None:  # noqa: F811
    done = scons(tmp_path / "build", f"board={tmp_path}/nothing", f"network={other_model}")
    assert done.returncode != 0 and "no board.toml in that folder" in done.stderr
