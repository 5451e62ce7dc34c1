"""gdb for real: against QEMU's stub, and on this computer."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from device.gdb import free_port
from tests.device.boards_with_probes import BOARD, calls, device, fake_tool
from tests.device.conftest import ROOT, Build, board_toml

MPS2 = board_toml("mps2_an500")
pytestmark = pytest.mark.skipif(shutil.which("gdb-multiarch") is None, reason="needs gdb")


def ex(*commands: str) -> list[str]:
    return [part for command in commands for part in ("--ex", command)]


def test_stops_at_main_and_reads_results(build: Build) -> None:
    """Nothing is loaded: what gdb reads is what the firmware computed."""
    elf = build("echo")
    script = ex("bt 1", "thbreak board_finish", "continue", "p/d 'echo.c'::results[2]")
    done = device("debug", "--board", MPS2, "--elf", elf, "--batch", *script)
    assert done.returncode == 0, done.stderr
    assert re.search(r"#0 +main \(\)", done.stdout)
    assert "{3, 6, 9, 12, 15, 18, 21, 24, 27, 30}" in done.stdout
    assert "hello from one" in done.stdout  # the firmware's console, as it comes
    assert "Loading section" not in done.stdout


def test_symbols_and_source_lines(build: Build) -> None:
    script = ex("info line main", "p sizeof(results)")
    done = device("debug", "--board", MPS2, "--elf", build("echo"), "--batch", *script)
    assert re.search(r"Line \d+ of .*echo\.c", done.stdout), done.stdout
    assert "= 100" in done.stdout


def test_sources_of_a_build_elsewhere(tmp_path: Path, build: Build) -> None:
    """Builds carry relative paths only; gdb finds generated and hand-written files all the same."""
    folder = tmp_path / "a build"
    app, elf = folder / "app" / "echo.c", folder / "board" / "firmware.elf"
    for path, content in ((app, "a line of the generated file\n" * 90), (elf, "")):
        path.parent.mkdir(parents=True)
        path.write_text(content)
    maps = {f"{ROOT}": ".", f"{ROOT}/tests/device/apps": "./build/app"}
    flags = [f"-ffile-prefix-map={old}={new}" for old, new in maps.items()]
    elf.write_bytes(build("echo", flags=flags).read_bytes())
    script = ex("list main", "list board_finish")
    done = device("debug", "--board", MPS2, "--elf", elf, "--batch", *script)
    assert "a line of the generated file" in done.stdout
    assert "_Noreturn void board_finish" in done.stdout


def test_native(build: Build) -> None:
    elf = build("echo", "host")
    script = ex("p names[0]", "finish")
    board = board_toml("host")
    done = device("debug", "--board", board, "--elf", elf, "--batch", *script)
    if "ptrace" in done.stderr:
        pytest.skip("this computer does not allow debugging")
    assert re.search(r"Breakpoint 1, main", done.stdout), done.stderr


def test_this_computer_needs_no_server(build: Build) -> None:
    elf, board = build("echo", "host"), board_toml("host")
    done = device("gdbserver", "--board", board, "--elf", elf)
    assert done.returncode == 1
    assert "needs no gdb server" in done.stderr and "use `debug`" in done.stderr
    shown = device("debug", "--board", board, "--elf", elf, "--dry-run")
    assert (shown.returncode, shown.stdout.split()[-1:]) == (0, [str(elf)])


def test_gdbserver_for_another_gdb(build: Build) -> None:
    """As an IDE uses it; Ctrl-C ends it."""
    elf, port = build("misbehave", flags=["-DACTION=HANG"]), free_port()
    command = [sys.executable, "-m", "device", "gdbserver", "--board", MPS2, "--elf", elf]
    server = subprocess.Popen(
        [*map(str, command), "--port", str(port)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        script = ["-ex", f"target extended-remote :{port}", "-ex", "p $pc == Reset_Handler"]
        script += ["-ex", "detach"]  # the firmware runs on
        gdb = ["gdb-multiarch", "-q", "-nx", "-batch", *script, str(elf)]
        done = subprocess.run(gdb, capture_output=True, text=True, check=False, timeout=60)
        assert "= 1" in done.stdout, done.stderr
    finally:
        os.killpg(server.pid, signal.SIGINT)
        _, errors = server.communicate(timeout=20)
    assert server.returncode == 130 and b"interrupted" in errors


def test_no_server_is_left_behind(build: Build) -> None:
    """QEMU ends with gdb, also when gdb fails."""
    elf = build("misbehave", flags=["-DACTION=HANG"])
    commands = ex("detach", "nonsense")
    done = device("debug", "--board", MPS2, "--elf", elf, "--batch", *commands)
    assert 'Undefined command: "nonsense"' in done.stderr
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)
    assert not [line for line in listed.stdout.splitlines() if "qemu" in line and str(elf) in line]


def test_port_in_use(build: Build) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = device("gdbserver", "--board", MPS2, "--elf", build("echo"), "--port", port)
    assert done.returncode == 1
    assert "in use" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("Error: open failed\n", "openocd: no debug probe found"),
        ("Error: couldn't bind gdb to socket on port 3333: Address already in use\n", "gdb_port="),
    ],
)
def test_server_that_does_not_start(
    tmp_path: Path, build: Build, output: str, message: str
) -> None:
    fake_tool(tmp_path, "openocd", output, 1)
    fake_tool(tmp_path, "gdb-multiarch", "")
    options = ["--board", BOARD, "--elf", build("echo"), "--programmer", "openocd"]
    for command in ("debug", "gdbserver"):
        done = device(command, *options, tools=tmp_path, HOME=str(tmp_path))
        assert done.returncode == 1
        assert message in done.stderr and "Traceback" not in done.stderr
    assert calls(tmp_path, "gdb-multiarch") == []


def test_order_of_a_debug_session(tmp_path: Path, build: Build) -> None:
    """The server is ready before gdb starts, ends after it, and writes nothing."""
    server = fake_tool(tmp_path, "openocd", "Info : Listening on port 1 for gdb connections\n")
    server.write_text(server.read_text().replace("exit 0", "exec sleep 60"))
    fake_tool(tmp_path, "gdb-multiarch", "")
    options = ["--board", BOARD, "--elf", build("echo")]
    done = device("debug", *options, tools=tmp_path, HOME=str(tmp_path), GDB="")
    assert done.returncode == 0, done.stderr
    (gdb,) = calls(tmp_path, "gdb-multiarch")
    order = ["target extended-remote", "monitor reset halt", "thbreak main", "continue"]
    assert [gdb.index(text) for text in order] == sorted(gdb.index(text) for text in order)
    assert " load" not in gdb and "flash" not in calls(tmp_path, "openocd")[0]
    done = device("debug", *options, "--attach", tools=tmp_path, HOME=str(tmp_path), GDB="")
    attached = calls(tmp_path, "gdb-multiarch")[1]
    assert "reset" not in attached and "continue" not in attached


def test_no_gdb(tmp_path: Path, build: Build) -> None:
    fake_tool(tmp_path, "qemu-system-arm", "")
    done = device("debug", "--board", MPS2, "--elf", build("echo"), tools=tmp_path, GDB="")
    assert done.returncode == 1
    assert "no gdb found" in done.stderr and "apt install gdb-multiarch" in done.stderr
