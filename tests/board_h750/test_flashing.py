"""The real OpenOCD and pyOCD flash, erase, reset and debug the board's model."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from pathlib import Path

import pytest

from device.elf import Elf
from device.emulators.h750.storage import Storage
from device.gdb import find_gdb, free_port
from tests.board_h750.conftest import Run
from tests.board_h750.firmware import BOARD, RESULTS, ROOT
from tests.board_h750.flashing import ENVIRONMENT, Firmware, ModelBoard
from tests.board_h750.power_cuts import Cut, examine

_BOOTS = "revision V, 480 MHz from HSE\nthe cycle counter counts\nmemory is set up\n"
needs_openocd = pytest.mark.skipif(shutil.which("openocd") is None, reason="needs OpenOCD")
needs_pyocd = pytest.mark.skipif(
    importlib.util.find_spec("pyocd") is None, reason="needs pyOCD (requirements/test.txt)"
)
TOOLS = [
    pytest.param("openocd", marks=needs_openocd),
    pytest.param("pyocd", marks=needs_pyocd),
]


@pytest.fixture
def board(tmp_path: Path) -> ModelBoard:
    return ModelBoard(tmp_path / "board.zip")


@needs_openocd
def test_openocd_flashes_own_and_external_flash(
    board: ModelBoard, both: Firmware, run: Run
) -> None:
    done = board.run("flash", "openocd", both)
    assert done.status == 0, done.said + done.errors
    assert "flash2 'micron mt25ql512' id = 0x20ba20" in done.said
    assert "** Verified OK **" in done.said
    assert _BOOTS in done.said.partition("flash: done with openocd")[2]  # started by the tool
    assert both.stands_in(board.memories())
    result = run(both.elf, flashed=str(board.file))  # from power-on, on both revisions
    assert (result.status, result.results) == (0, RESULTS)
    # OpenOCD left the chips in four-line mode and memory-mapped; it must be able to begin again.
    again = board.run("flash", "openocd", both)
    assert again.status == 0 and both.stands_in(board.memories())


@needs_pyocd
def test_pyocd_flashes_own_flash(board: ModelBoard, own: Firmware, run: Run) -> None:
    done = board.run("flash", "pyocd", own)
    assert done.status == 0, done.said + done.errors
    assert f"All {len(own.image('flash'))} bytes match." in done.said
    assert _BOOTS in done.said.partition("flash: done with pyocd")[2]
    assert own.stands_in(board.memories())
    assert run(own.elf, flashed=str(board.file)).results == RESULTS


@needs_pyocd
def test_pyocd_knows_no_external_flash() -> None:
    """Why `programmer=pyocd` is refused for it: its target describes the chip's own flash alone."""
    from pyocd.target.builtin import BUILTIN_TARGETS

    regions = BUILTIN_TARGETS[BOARD.programmers["pyocd"]["target"]].MEMORY_MAP
    assert regions.get_region_for_address(BOARD.memory("flash").origin).is_flash
    assert regions.get_region_for_address(BOARD.memory("qspi").origin) is None


@pytest.mark.parametrize("tool", TOOLS)
def test_erase_and_reset(tool: str, board: ModelBoard, own: Firmware) -> None:
    Storage.of_elf(Elf(own.elf)).save(board.file)
    reset = board.run("reset", tool, own)
    assert reset.status == 0 and reset.changes == 0
    assert _BOOTS in reset.said.partition("reset: done")[2]
    erased = board.run("erase", tool, None)
    assert erased.status == 0, erased.said + erased.errors
    assert board.memories().flash == b"\xff" * (128 << 10)
    assert "no firmware" in board.run("reset", tool, own).said


@pytest.mark.parametrize("tool", TOOLS)
def test_gdb_on_the_model(tool: str, board: ModelBoard, own: Firmware) -> None:
    """Stopped at main, a step, a variable that start-up copied to RAM, and nothing written."""
    Storage.of_elf(Elf(own.elf)).save(board.file)
    before = board.file.read_bytes()
    looks = ("step", "print/d weights[5]", "bt", "info registers msp")
    done = board.run(
        "debug", tool, own, "--batch", *(word for look in looks for word in ("--ex", look))
    )
    assert done.status == 0, done.said + done.errors
    assert "Temporary breakpoint 1, main ()" in done.said
    assert "$1 = 9" in done.said
    assert "in main () at" in done.said  # the frame below the function that was stepped into
    assert done.changes == 0
    assert board.file.read_bytes() == before


@pytest.mark.parametrize("tool", TOOLS)
def test_a_gdb_server_for_another_terminal(tool: str, board: ModelBoard, own: Firmware) -> None:
    Storage.of_elf(Elf(own.elf)).save(board.file)
    port = free_port()
    command = board.command("gdbserver", tool, own, "--port", str(port))
    with subprocess.Popen(command, cwd=ROOT, env=ENVIRONMENT, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        try:
            for line in server.stdout:
                if b"istening on port" in line:
                    break
            looks = ("monitor reset halt", "thbreak board_finish", "continue", "bt")
            words = [word for look in looks for word in ("-ex", look)]
            gdb = [find_gdb(), "-q", "-batch", "-ex", "set remotetimeout 60"]
            gdb += ["-ex", f"target extended-remote localhost:{port}"]
            done = subprocess.run(
                [*gdb, *words, own.elf], capture_output=True, text=True, check=True, timeout=120
            )
        finally:
            server.terminate()
    assert "Temporary breakpoint 1, board_finish (" in done.stdout, done.stdout
    assert "in main () at" in done.stdout


@pytest.mark.sample(2, each=["tool"])
@pytest.mark.parametrize(
    ("tool", "option", "message"),
    [
        pytest.param("openocd", ("optsr", 0x04060000), "flash is protected", marks=needs_openocd),
        pytest.param("openocd", ("prar", 0x00FF0000), "flash is protected", marks=needs_openocd),
        pytest.param("openocd", ("wpsn", 0xFE), "flash is protected", marks=needs_openocd),
        pytest.param("pyocd", ("optsr", 0x04060000), "flash is protected", marks=needs_pyocd),
        pytest.param("pyocd", ("prar", 0x00FF0000), "flash is protected", marks=needs_pyocd),
        # pyOCD's loader does not look at WRPERR: the comparison that follows does.
        pytest.param("pyocd", ("wpsn", 0xFE), "no sector is write-protected", marks=needs_pyocd),
    ],
)
def test_a_protected_flash(
    tool: str, option: tuple[str, int], message: str, board: ModelBoard, own: Firmware
) -> None:
    storage = Storage()
    storage.options[option[0]] = option[1]
    storage.save(board.file)
    done = board.run("flash", tool, own)
    assert done.status == 1 and message in done.errors, done.said + done.errors
    assert "done with" not in done.said and done.changes == 0


@pytest.mark.sample(2, each=["tool"])
@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize(
    ("defect", "message"),
    [("chip-id", "has another chip"), ("flash-bit", "does not hold what was written")],
)
def test_a_wrong_board_and_a_bad_flash(
    tool: str, defect: str, message: str, board: ModelBoard, own: Firmware
) -> None:
    done = board.run("flash", tool, own, options=("--broken", defect))
    assert done.status == 1 and message in done.errors, done.said + done.errors
    assert "done with" not in done.said
    assert done.changes == 0 or defect == "flash-bit"


@needs_openocd
def test_a_file_that_is_no_model_board(board: ModelBoard, own: Firmware) -> None:
    board.file.write_bytes(b"something else")
    done = board.run("flash", "openocd", own)
    assert done.status == 1 and done.errors.count("error:") == 1, done.errors
    assert "not a model board's memories" in done.errors
    assert board.file.read_bytes() == b"something else"


@needs_openocd
def test_an_absent_external_flash_is_noticed_before_anything_is_erased(
    board: ModelBoard, both: Firmware
) -> None:
    done = board.run("flash", "openocd", both, options=("--broken", "qspi-absent"))
    assert done.status == 1 and "the external flash did not answer" in done.errors
    assert done.changes == 0


@pytest.mark.sample(2, each=lambda cut: cut.tool)
@pytest.mark.parametrize(
    "cut",
    [
        # The vector table's word: its fetch at reset sets an error flag.
        pytest.param(Cut("openocd", 2, 449804157, used=False), marks=needs_openocd),
        # While QSPI is being written; the chip's own flash is whole by then.
        pytest.param(Cut("openocd", 191, 7, used=True), marks=needs_openocd),
        # In the middle of the chip's own flash: a word is left whose ECC does not fit.
        pytest.param(Cut("pyocd", 197, 1009883194, used=False), marks=needs_pyocd),
    ],
    ids=lambda cut: f"{cut.tool}-{cut.change}",
)
def test_a_power_cut(cut: Cut, own: Firmware, both: Firmware, tmp_path: Path) -> None:
    """A sample of power_cuts.py, which `scons soak` runs at length."""
    assert examine(cut, both if cut.tool == "openocd" else own, tmp_path) == ""
