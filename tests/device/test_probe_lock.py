"""Commands that run at the same time never share the probe."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from device.probe_lock import lock_path, probe_lock
from support.errors import UserError
from tests.device.boards_with_probes import BOARD, device, fake_tool
from tests.device.conftest import ROOT


@pytest.fixture(autouse=True)
def own_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))


def test_second_one_is_told_who_has_it(capsys: pytest.CaptureFixture[str]) -> None:
    with (
        probe_lock("debug", 0),
        pytest.raises(UserError, match=rf"in use by debug \(process {os.getpid()}\)"),
        probe_lock("flash", 0.3),
    ):
        pass
    assert "waiting for the debug probe: in use by debug" in capsys.readouterr().err
    with probe_lock("flash", 0):  # free again
        pass


def test_parallel_commands_take_turns(tmp_path: Path) -> None:
    """A tool that fails when another one is running: four commands at once, all succeed."""
    busy = tmp_path / "busy"
    tool = fake_tool(tmp_path, "st-flash", "")
    tool.write_text(f"#!/bin/sh\nmkdir {busy} || exit 1\nsleep 0.2\nrmdir {busy}\n")
    for name in ("mkdir", "rmdir"):
        (tmp_path / name).symlink_to(f"/bin/{name}")
    device("reset", "--board", BOARD, "--dry-run", tools=tmp_path)  # makes the tool folder
    environment = {**os.environ, "PATH": f"{tmp_path}:{tmp_path}/system", "HOME": str(tmp_path)}
    command = [sys.executable, "-m", "device", "reset", "--board", str(BOARD)]
    running = [
        subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE)
        for _ in range(4)
    ]
    for process in running:
        process.communicate(timeout=60)
    assert [process.returncode for process in running] == [0] * 4


def test_lock_outlives_a_killed_command_as_long_as_its_tool_runs(tmp_path: Path) -> None:
    tool = fake_tool(tmp_path, "st-flash", "")
    tool.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\nexec sleep 30\n")
    device("reset", "--board", BOARD, "--dry-run", tools=tmp_path)
    environment = {**os.environ, "PATH": f"{tmp_path}:{tmp_path}/system", "HOME": str(tmp_path)}
    command = [sys.executable, "-m", "device", "reset", "--board", str(BOARD)]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    pid_file = tmp_path / "pid"
    while not (pid_file.exists() and pid_file.read_text()):
        time.sleep(0.02)
    process.kill()
    process.wait()
    with pytest.raises(UserError, match="in use by reset"), probe_lock("flash", 0):
        pass
    os.kill(int(pid_file.read_text()), 9)
    with probe_lock("flash", 10):
        pass


def test_lock_file_is_the_users_own(tmp_path: Path) -> None:
    with probe_lock("flash", 0):
        assert lock_path().parent == tmp_path
        assert lock_path().stat().st_mode & 0o077 == 0
