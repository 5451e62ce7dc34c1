"""The serial terminal, on a pseudo-terminal in place of a serial port."""

from __future__ import annotations

import contextlib
import os
import pty
import signal
import subprocess
import sys
import time
import types
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import serial
from serial.tools import list_ports

from device import serial_port
from support.errors import UserError
from tests.device.boards_with_probes import BOARD, calls, device, fake_tool, only_shell
from tests.device.conftest import ROOT, board_toml


@pytest.fixture
def line() -> Iterator[tuple[int, str]]:
    """A serial line: the board's end as a descriptor, the computer's end as a port name."""
    board, port = pty.openpty()
    yield board, os.ttyname(port)
    for descriptor in (board, port):
        os.close(descriptor)


def monitor(
    port: str, *options: str, tools: Path | None = None, board: Path = BOARD
) -> subprocess.Popen[bytes]:
    """A running monitor whose port is open; `tools` is a folder with the tools it may use."""
    command = [sys.executable, "-m", "device", "monitor", "--board", str(board), "--port", port]
    own = (
        {}
        if tools is None
        else {"PATH": f"{tools}:{only_shell(tools)}", "XDG_RUNTIME_DIR": f"{tools}"}
    )
    process = subprocess.Popen(
        [*command, *options],
        cwd=ROOT,
        env={**os.environ, **own},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    assert b"115200 baud" in process.stderr.readline()
    return process


def wait_for(happened: Callable[[], bool]) -> None:
    """Until it has; the limit is for a test that fails."""
    end = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_shows_what_the_board_says(line: tuple[int, str]) -> None:
    process = monitor(line[1], "--no-reset")
    assert process.stdout is not None
    os.write(line[0], b"image 0: 7\r\nimage 1: 2\r\n")
    assert process.stdout.readline() + process.stdout.readline() == b"image 0: 7\nimage 1: 2\n"
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert b"Traceback" not in errors


def test_the_firmware_is_started_again_when_the_port_is_open(
    line: tuple[int, str], tmp_path: Path
) -> None:
    """The tool finds the port locked, which it is when the terminal has it open."""
    tool = fake_tool(tmp_path, "st-flash", "")
    lock = f'/usr/bin/flock -n {line[1]} /bin/true && echo free >> "{tmp_path}/port.log"\n'
    says = f'printf "started\\n" >> "{tmp_path}/port.log"\n'
    tool.write_text(tool.read_text().replace("exit 0", f"{lock}{says}exit 0"))
    process = monitor(line[1], "--programmer", "st-flash", "--serial", "AB12", tools=tmp_path)
    wait_for((tmp_path / "port.log").exists)
    assert (tmp_path / "port.log").read_text() == "started\n"
    assert calls(tmp_path, "st-flash") == ["--serial AB12 reset"]
    os.write(line[0], b"image 0: 7\r\n")
    assert process.stdout is not None and process.stdout.readline() == b"image 0: 7\n"
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)


def test_nothing_is_reset_when_told_so(line: tuple[int, str], tmp_path: Path) -> None:
    fake_tool(tmp_path, "st-flash", "")
    process = monitor(line[1], "--no-reset", tools=tmp_path)
    os.write(line[0], b"image 0: 7\r\n")
    assert process.stdout is not None and process.stdout.readline() == b"image 0: 7\n"
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert calls(tmp_path, "st-flash") == []


@pytest.mark.parametrize("installed", [True, False])
def test_without_a_reset_the_button_is_named(
    line: tuple[int, str], tmp_path: Path, installed: bool
) -> None:
    if installed:
        fake_tool(tmp_path, "st-flash", "Couldn't find any ST-Link devices\n", 1)
    process = monitor(line[1], "--programmer", "st-flash", tools=tmp_path)
    assert process.stderr is not None
    note = process.stderr.readline().decode()
    assert "note: the board was not reset" in note and "press its reset button, B2 (black)" in note
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)


def test_one_program_at_a_time(line: tuple[int, str]) -> None:
    process = monitor(line[1])
    second = device("monitor", "--board", BOARD, "--port", line[1])
    process.kill()
    process.communicate()
    assert second.returncode == 1 and "another program has it open" in second.stderr


def test_keyboard_and_screen(line: tuple[int, str]) -> None:
    """On a terminal: keys go to the board, Ctrl-] ends."""
    screen, keyboard = pty.openpty()
    command = [sys.executable, "-m", "device", "monitor", "--board", str(BOARD), "--port", line[1]]
    process = subprocess.Popen(command, cwd=ROOT, stdin=keyboard, stdout=keyboard, stderr=keyboard)
    os.close(keyboard)
    shown = b""
    while b"Ctrl-] ends" not in shown:
        shown += os.read(screen, 1000)
    os.write(line[0], b"ready\r\n")
    while b"ready" not in shown:
        shown += os.read(screen, 1000)
    os.write(screen, b"?")
    assert os.read(line[0], 1) == b"?"
    os.write(screen, b"\x1d")
    assert process.wait(20) == 0
    os.close(screen)


@pytest.mark.parametrize("live", [False, True])
def test_a_board_that_is_unplugged(live: bool) -> None:
    """In a log file and on a terminal: one message, and no status that says all is well."""
    board, port = pty.openpty()
    name = os.ttyname(port)
    os.close(port)
    screen, own = pty.openpty()
    command = [sys.executable, "-m", "device", "monitor", "--board", str(BOARD), "--port", name]
    process = subprocess.Popen(
        [*command, "--no-reset"],
        cwd=ROOT,
        env={**os.environ, "NO_COLOR": "1"},
        stdin=own if live else subprocess.DEVNULL,
        stdout=own,
        stderr=own,
    )
    shown = b""
    while b" ends ---" not in shown:
        shown += os.read(screen, 1000)
    os.write(board, b"ready\r\n")
    while b"ready" not in shown:
        shown += os.read(screen, 1000)
    os.close(board)
    assert process.wait(60) == 1
    os.close(own)
    with contextlib.suppress(OSError):  # all is read
        while data := os.read(screen, 1000):
            shown += data
    os.close(screen)
    assert f"device: error: {name}: the port went away".encode() in shown, shown
    assert b"Traceback" not in shown and b"Exception" not in shown


def test_port_that_is_not_there() -> None:
    done = device("monitor", "--board", BOARD, "--port", "/dev/no-such-port")
    assert done.returncode == 1 and "no such serial port" in done.stderr


@pytest.mark.parametrize("words", [(), ("--port", "auto")])
def test_port_of_the_probe_without_a_name(words: tuple[str, ...]) -> None:
    """No probe is attached here; what `--dry-run` says needs none."""
    done = device("monitor", "--board", BOARD, *words)
    assert done.returncode == 1 and "no serial port of a debug probe" in done.stderr
    shown = device("monitor", "--board", BOARD, "--dry-run", "--no-reset", *words)
    assert shown.stdout == "open the debug probe's serial port, 115200 bits per second\n"


@pytest.mark.parametrize("name", ["/", __file__])
def test_path_that_is_no_port(name: str) -> None:
    with pytest.raises(UserError, match=f"{name} is no serial port"):
        serial_port.open_port(name, 115200)


def test_port_without_permission_names_its_group(line: tuple[int, str]) -> None:
    """Root may open everything: a child without root's rights tries."""
    port = Path(line[1])
    port.chmod(0)
    group = port.group()  # here: that user may not even import what tells it
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        try:
            if os.geteuid() == 0:
                os.setgroups([])
                os.setgid(65534)
                os.setuid(65534)
            serial_port.open_port(line[1], 115200)
        except BaseException as error:
            os.write(writing, str(error).encode())
        os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    message = os.read(reading, 4096).decode()
    os.close(reading)
    assert "this user may not open it" in message
    assert f"usermod -aG {group} " in message


def test_board_without_a_serial_console() -> None:
    done = device("monitor", "--board", board_toml("mps2_an500"))
    assert done.returncode == 1 and "has no serial console" in done.stderr


def port(device: str, vendor: int | None, serial_number: str = "") -> types.SimpleNamespace:
    return types.SimpleNamespace(device=device, vid=vendor, serial_number=serial_number)


def test_finding_the_port(monkeypatch: pytest.MonkeyPatch) -> None:
    ports = [port("COM1", None), port("COM5", 0x1234), port("COM7", 0x0483, "AB12")]
    monkeypatch.setattr(list_ports, "comports", lambda: ports)
    assert serial_port.find_port(0x0483) == "COM7"
    assert serial_port.find_port(0x0483, "ab12") == "COM7"
    with pytest.raises(UserError, match="with serial number CD34"):
        serial_port.find_port(0x0483, "CD34")
    ports.append(port("COM8", 0x0483, "CD34"))
    with pytest.raises(UserError, match=r"several.*COM7.*AB12.*COM8.*CD34"):
        serial_port.find_port(0x0483)
    assert serial_port.find_port(0x0483, "CD34") == "COM8"


@pytest.mark.parametrize(
    ("code", "text", "message"),
    [
        (
            13,
            "[Errno 13] could not open port /dev/ttyACM0: [Errno 13] Permission denied",
            "dialout",
        ),
        (None, "could not open port 'COM7': PermissionError(13, 'Access is denied.')", "dialout"),
        (None, "could not open port 'COM9': FileNotFoundError(2, '...')", "no such serial port"),
        (11, "Could not exclusively lock port /dev/ttyACM0", "another program"),
        (None, "Cannot configure port", "cannot open it (Cannot configure port)"),
    ],
)
def test_refused_ports(code: int | None, text: str, message: str) -> None:
    error = OSError(text) if code is None else OSError(code, text)
    assert message in str(serial_port._refused("port", error))


def test_a_port_that_another_program_locks_without_a_number_of_the_error() -> None:
    """As pyserial before 3.5 and on other systems tells it: in words alone."""
    error = serial.SerialException("Could not exclusively lock port")
    assert (
        serial_port._refused("/dev/ttyACM0", error).message
        == "/dev/ttyACM0: another program has it open"
    )
