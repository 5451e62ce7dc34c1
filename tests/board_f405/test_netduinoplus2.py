"""An STM32F405 that QEMU itself models: the flashable ELF, its console, its guards."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from codegen.place import place_objects
from codegen.render import render
from device.boards import read_board
from device.emulators import SimOptions, SimResult, emulator
from tests.end_to_end.conftest import SIZES, other_model, scons  # noqa: F401
from tests.graph.project import REPOSITORY

_FIRMWARE = REPOSITORY / "firmware"
_BOARD = read_board(_FIRMWARE / "boards/netduinoplus2/board.toml")
_FOLDERS = [_FIRMWARE / name for name in ("chips/stm32", "chips/stm32f4", "cortex_m", "app")]
_OBJECTS = {"kernels": 12 << 10, "weights": 4, "activations": 4, "subset": 4, "results": 4}
_MEM_MANAGE = 132


def test_the_flashable_elf_boots_and_gives_the_references_bytes(
    tmp_path: Path,
    other_model: Path,  # noqa: F811
) -> None:
    done = scons(
        tmp_path / "build",
        "sim",
        "board=netduinoplus2",
        f"network={other_model}",
        "subset_size=20",
        "werror=1",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (
        "clock: nothing comes from HSE; the internal HSI is used, at 16 MHz\n"
        "Netduino Plus 2, 16 MHz from HSI\n"
    ) in done.stdout
    size = 20 * SIZES[-1]
    assert f"{size}/{size} output bytes identical to the reference" in done.stdout


def _build(folder: Path, action: str, often: bool = False) -> Path:
    """Board code and apps/stray.c; `often`: the last line is repeated without a pause."""
    memories = _BOARD.to_json()
    context = {
        "memories": memories,
        "placement": {"objects": place_objects(memories, _OBJECTS, {})},
    }
    (folder / "firmware.ld").write_text(render("board/firmware.ld.j2", context))
    (folder / "board_config.h").write_text(render("board/board_config.h.j2", context))
    sources = [path for name in _FOLDERS[:3] for path in sorted(name.glob("*.c"))]
    sources += [_FIRMWARE / "app/console.c", _FIRMWARE / "app/crc32.c"]
    sources.append(Path(__file__).parent / "apps/stray.c")
    if often:
        finish = _FIRMWARE / "chips/stm32/finish.c"
        text = finish.read_text()
        assert text.count("SUMMARY_PERIOD_MS 3000u") == 1
        (folder / "finish.c").write_text(text.replace("PERIOD_MS 3000u", "PERIOD_MS 1u"))
        sources[sources.index(finish)] = folder / "finish.c"
    options = [*_BOARD.cpu.flags, "-std=c11", "-Os", "-ffunction-sections", f"-DACTION={action}"]
    options += [f"-I{path}" for path in (folder, *_FOLDERS)]
    link = ["-nostartfiles", "--specs=nano.specs", "-Wl,--gc-sections,--no-warn-rwx-segments"]
    elf = folder / "firmware.elf"
    script = f"-T{folder / 'firmware.ld'}"
    command = ["arm-none-eabi-gcc", *options, *sources, *link, script, "-o", elf]
    subprocess.run(list(map(str, command)), check=True)
    return elf


def _run(folder: Path, action: str) -> SimResult:
    elf = _build(folder, action)
    return emulator(_BOARD.emulator).run(_BOARD, elf, SimOptions(60.0, lambda text: None))


@pytest.mark.parametrize("action", ["NULL_READ", "NULL_WRITE", "ENDLESS_RECURSION"])
def test_the_guards_stop_firmware_that_goes_astray(action: str, tmp_path: Path) -> None:
    result = _run(tmp_path, action)
    assert result.status == _MEM_MANAGE, result.console
    assert result.console.partition("about to go astray\n")[2].startswith("\nfault: MemManage\n")


def test_the_stack_can_be_used_up_to_its_guard(tmp_path: Path) -> None:
    assert _run(tmp_path, "NEARLY_ALL_OF_THE_STACK").status == 0


@pytest.mark.parametrize(
    ("action", "line"),
    [
        ("NEARLY_ALL_OF_THE_STACK", "finished with status 0: back home\n"),
        ("NULL_READ", "finished with status 132: MemManage\n"),
    ],
)
def test_a_late_terminal_sees_how_it_ended(action: str, line: str, tmp_path: Path) -> None:
    command = emulator(_BOARD.emulator).console_command(
        _BOARD, _build(tmp_path, action, often=True)
    )
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        seen = 0
        for text in process.stdout:
            seen += text == line
            if seen == 3:
                break
        process.kill()
    assert seen == 3
