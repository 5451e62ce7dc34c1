"""`flash`, `erase`, `reset` with tools that answer as the real ones do, step by step."""

from __future__ import annotations

from pathlib import Path

import pytest

from device.programmers import _PROGRAMMERS
from tests.device.boards_with_probes import BOARD, calls, device, fake_tool, image
from tests.device.conftest import Build

# Real output: OpenOCD 0.12, st-flash 1.7 and pyOCD 0.46 run without a probe, their sources'
# messages for the other steps, and logs of STM32_Programmer_CLI in ST's forum.
CUBE_HEAD = "ST-LINK SN  : 0030\nST-LINK FW  : V3J4M2\nVoltage     : 3.28V\n"
CUBE_DONE = (
    "Memory Programming ...\nDownload in Progress:\n\r100%\nFile download complete\n"
    "Verifying ...\nDownload verified successfully\nSoftware reset is performed\n"
)
OPENOCD_HEAD = "Open On-Chip Debugger 0.12.0\nInfo : clock speed 1800 kHz\n"
OPENOCD_DONE = (
    "** Programming Started **\n** Programming Finished **\n** Verify Started **\n"
    "** Verified OK **\n** Resetting Target **\nshutdown command invoked\n"
)
NAMES = {
    "stm32cubeprogrammer": "STM32_Programmer_CLI",
    "openocd": "openocd",
    "pyocd": "pyocd",
    "st-flash": "st-flash",
}
DONE = {
    "stm32cubeprogrammer": CUBE_HEAD + CUBE_DONE,
    "openocd": OPENOCD_HEAD + OPENOCD_DONE,
    "pyocd": "Comparing 2048 bytes @ 0x08000000\nAll 2048 bytes match.\n",
    "st-flash": "INFO common.c: Flash written and verified! jolly good!\n",
}


@pytest.fixture(scope="module")
def own(build: Build, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Firmware for the chip's own flash."""
    return image(build, tmp_path_factory.mktemp("own"), external=False)


@pytest.fixture(scope="module")
def both(build: Build, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Firmware for own and external flash."""
    return image(build, tmp_path_factory.mktemp("both"), external=True)


def flash(elf: Path, tools: Path, *options: object) -> tuple[int, str, str]:
    arguments = ["--board", BOARD, "--elf", elf, *options]
    done = device("flash", *arguments, tools=tools, HOME=str(tools), STM32CUBEPROGRAMMER="")
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout, done.stderr


def test_every_programmer_is_tested() -> None:
    assert set(NAMES) == set(_PROGRAMMERS)


@pytest.mark.parametrize("name", NAMES)
def test_success(tmp_path: Path, own: Path, name: str) -> None:
    fake_tool(tmp_path, NAMES[name], DONE[name])
    status, out, errors = flash(own, tmp_path, "--serial", "AB12")
    assert (status, errors) == (0, "")
    assert out.endswith(f"flash: done with {name}\n")
    assert DONE[name].splitlines()[0] in out  # the tool's own words are shown
    assert all("AB12" in call for call in calls(tmp_path, NAMES[name]))


def test_external_with_each_tool_that_can(tmp_path: Path, both: Path) -> None:
    fake_tool(tmp_path, "openocd", DONE["openocd"])
    fake_tool(tmp_path, "st-flash", DONE["st-flash"])
    assert flash(both, tmp_path)[0] == 0
    assert calls(tmp_path, "openocd")[0].endswith(" 1 134217728")
    cli = fake_tool(tmp_path, "STM32_Programmer_CLI", DONE["stm32cubeprogrammer"])
    status, _, errors = flash(both, tmp_path)
    assert status == 1 and "has no external loader" in errors
    loader = cli.parent / "ExternalLoader/MT25TL01G_STM32H750B-DISCO.stldr"
    loader.parent.mkdir()
    loader.touch()
    assert flash(both, tmp_path)[0] == 0
    assert f"-el {loader}" in calls(tmp_path, "STM32_Programmer_CLI")[0]
    assert calls(tmp_path, "st-flash") == []


@pytest.mark.sample(8)
@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("stm32cubeprogrammer", (1, "Error: No debug probe detected.\n", "no debug probe found")),
        (
            "stm32cubeprogrammer",
            (
                1,
                CUBE_HEAD + "Error: No STM32 target found! If your product embeds Debug "
                "Authentication, please perform a discovery using Debug Authentication\n",
                "does not reach the chip",
            ),
        ),
        (
            "stm32cubeprogrammer",
            (1, CUBE_HEAD + "Error: ST-LINK error (DEV_CONNECT_ERR)\n", "does not reach the chip"),
        ),
        (
            "stm32cubeprogrammer",
            (1, CUBE_HEAD + "Error: Flash loader cannot be loaded\n", "flash is protected"),
        ),
        (
            "stm32cubeprogrammer",
            (
                1,
                CUBE_HEAD
                + "Error: failed to download Segment[0]\nError: failed to download the File\n",
                "could not write the flash",
            ),
        ),
        (
            "stm32cubeprogrammer",
            (
                0,  # seen: an error line, success lines after it, and exit status 0
                CUBE_HEAD + "Error: Failed to download data! If it's a Flash memory, it may be not "
                "erased or protected\n" + CUBE_DONE,
                "could not write the flash",
            ),
        ),
        (
            "stm32cubeprogrammer",
            (
                1,
                CUBE_HEAD + "File download complete\nVerifying ...\nError: Data mismatch found at "
                "address 0x08000004 (byte = 0x31 instead of 0x5D)\nError: Download verification "
                "failed\n",
                "does not hold what was written",
            ),
        ),
        ("stm32cubeprogrammer", (0, CUBE_HEAD, "exit status 0: Voltage     : 3.28V")),
        ("openocd", (1, OPENOCD_HEAD + "Error: open failed\n", "no debug probe found")),
        (
            "openocd",
            (
                1,
                OPENOCD_HEAD + "Error: libusb_open() failed with LIBUSB_ERROR_ACCESS\n"
                "Error: open failed\n",
                "may not be opened by this user",
            ),
        ),
        (
            "openocd",
            (
                1,
                OPENOCD_HEAD + "Error: init mode failed (unable to connect to the target)\n",
                "does not reach the chip",
            ),
        ),
        (
            "openocd",
            (
                1,
                OPENOCD_HEAD + "Error: flash memory write protected\n** Programming Failed **\n",
                "flash is protected",
            ),
        ),
        (
            "openocd",
            (
                1,
                OPENOCD_HEAD + "Error: checksum mismatch\n** Verify Failed **\n",
                "does not hold what was written",
            ),
        ),
        (
            "openocd",
            (
                1,
                OPENOCD_HEAD
                + "Warn : Unknown flash1 device id = 0xffffff\nError: auto_probe failed\n",
                "external flash did not answer",
            ),
        ),
        ("openocd", (0, OPENOCD_HEAD, "exit status 0: Info : clock speed")),
        ("pyocd", (1, "No connected debug probes\n", "no debug probe found")),
        ("pyocd", (1, "0000512 C Transfer error: No ACK received [__main__]\n", "does not reach")),
        (
            "pyocd",
            (
                0,  # seen: `compare` ends with 0 either way
                "Mismatched byte at 0x08000004 (offset 0x4): 0x31 (memory) != 0x5d (file)\n",
                "does not hold what was written",
            ),
        ),
        (
            "pyocd",
            (0, "Warning: Target is locked, limited operations available.\n", "flash is protected"),
        ),
        (
            "st-flash",
            (255, "WARN usb.c: Couldn't find any ST-Link devices\n", "no debug probe found"),
        ),
        (
            "st-flash",
            (
                255,
                "ERROR common.c: Can not connect to target. Please use 'connect under reset'\n",
                "does not reach the chip",
            ),
        ),
        ("st-flash", (255, "ERROR: Flash memory is write protected\n", "flash is protected")),
        (
            "st-flash",
            (
                255,
                "ERROR common.c: Verification of flash failed at offset: 4\n",
                "does not hold what was written",
            ),
        ),
    ],
)
def test_failures(tmp_path: Path, own: Path, name: str, answer: tuple[int, str, str]) -> None:
    status, output, message = answer
    fake_tool(tmp_path, NAMES[name], output, status)
    code, out, errors = flash(own, tmp_path)
    assert code == 1
    assert "done with" not in out
    assert name in errors and message in errors
    assert message.startswith("exit status") or "remedy: " in errors


def test_later_steps_are_not_run(tmp_path: Path, own: Path) -> None:
    fake_tool(tmp_path, "pyocd", "No connected debug probes\n", 1)
    assert flash(own, tmp_path)[0] == 1
    assert [call.split()[0] for call in calls(tmp_path, "pyocd")] == ["load"]


def test_images_of_another_build(tmp_path: Path, own: Path) -> None:
    fake_tool(tmp_path, "st-flash", DONE["st-flash"])
    copy = tmp_path / "firmware.elf"
    copy.write_bytes(own.read_bytes())
    status, _, errors = flash(copy, tmp_path)
    assert status == 1 and "firmware.hex: no such file" in errors
    for name in ("firmware.hex", "firmware-flash.bin"):
        (tmp_path / name).write_bytes(own.with_name(name).read_bytes())
    assert flash(copy, tmp_path)[0] == 0
    (tmp_path / "firmware-flash.bin").write_bytes(b"old")
    status, _, errors = flash(copy, tmp_path)
    assert status == 1 and "firmware-flash.bin: was not made of" in errors


def test_firmware_of_another_board(tmp_path: Path, build: Build) -> None:
    fake_tool(tmp_path, "st-flash", DONE["st-flash"])
    status, _, errors = flash(build("echo"), tmp_path)
    assert status == 1 and "'itcm'" in errors and calls(tmp_path, "st-flash") == []


@pytest.mark.parametrize("command", ["erase", "reset"])
def test_erase_and_reset(tmp_path: Path, command: str) -> None:
    fake_tool(tmp_path, "st-flash", "done\n")
    done = device(command, "--board", BOARD, tools=tmp_path, HOME=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert calls(tmp_path, "st-flash")[0].endswith(command)
    fake_tool(tmp_path, "st-flash", "WARN usb.c: Couldn't find any ST-Link devices\n", 255)
    done = device(command, "--board", BOARD, tools=tmp_path, HOME=str(tmp_path))
    assert done.returncode == 1 and "no debug probe found" in done.stderr


def test_a_board_without_a_probe(own: Path, tmp_path: Path) -> None:
    board = BOARD.parents[1] / "mps2_an500/board.toml"
    done = device("erase", "--board", board, tools=tmp_path)
    assert done.returncode == 1 and "has no programmers" in done.stderr
