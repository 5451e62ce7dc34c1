"""VS Code's files: strict JSON, paths that exist, tasks that run, launches that keep their word."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from device.gdb import free_port
from support.removal import remove_temporary_folder
from tests.graph.project import SCONS, Project
from tests.ide.opened import Opened, menu, strings

LOADER = "MT25TL01G_STM32H750B-DISCO.stldr"
FILES = (".vscode/launch.json", ".vscode/tasks.json", ".vscode/c_cpp_properties.json")


@pytest.mark.parametrize("name", FILES)
def test_every_path_exists(opened: Opened, name: str) -> None:
    found = [text for text in strings(opened.json(name)) if "workspaceFolder" in text]
    assert found
    for text in found:
        assert opened.path(text).exists(), text


def test_workspace_shows_the_project(opened: Opened) -> None:
    """VS Code's multi-root file, for a folder that is not the project's."""
    if opened.folder == opened.project.root:
        assert not list(opened.folder.glob("*.code-workspace"))
        return
    content = opened.json(opened.named(".code-workspace"))
    folders = [(opened.folder / entry["path"]).resolve() for entry in content["folders"]]
    assert folders == [opened.project.root.resolve(), opened.folder.resolve()]
    # The variable stands for each folder that has no settings of its own: the first.
    first = Opened(opened.project, folders[0])
    assert first.path(content["settings"]["C_Cpp.default.compileCommands"]).is_file()
    option = content["settings"]["clangd.arguments"][0].removeprefix("--compile-commands-dir=")
    assert (first.path(option) / "compile_commands.json").is_file()


def test_clangd_file_beside_the_sources(opened: Opened) -> None:
    if opened.folder != opened.project.root:
        assert ".clangd" not in opened.files
        return
    text = opened.files[".clangd"]
    folder = re.search(r'^  CompilationDatabase: "(.*)"$', text, re.MULTILINE)
    assert folder
    database = opened.folder / folder[1] / "compile_commands.json"
    pattern = re.search(r"--query-driver=(\S+)", text)
    assert pattern
    # clangd matches the pattern with the compiler's whole path.
    for entry in json.loads(database.read_text()):
        assert Path(entry["command"].split()[0]).match(pattern[1]), entry["command"]


def test_no_path_of_this_computer(opened: Opened) -> None:
    here = (str(opened.project.root.parent), str(Path.home()), sys.prefix, "/usr/", "/opt/")
    for name, text in opened.files.items():
        assert not [path for path in here if path in text], name


def test_tasks_are_targets_of_the_menu(opened: Opened) -> None:
    targets = menu(opened.project)
    tasks = opened.tasks()
    assert {"scons elf", "scons sim", "scons flash", "scons debug", "scons monitor"} <= set(tasks)
    for task in tasks.values():
        assert task["command"] == "scons"
        assert task["args"][0] in targets
        assert (opened.path(task["options"]["cwd"]) / "SConstruct").is_file()


def test_scons_takes_the_words_of_every_task(opened: Opened) -> None:
    for label, task in opened.tasks().items():
        done = subprocess.run(
            [SCONS, "-Q", "-n", *task["args"]],
            cwd=opened.path(task["options"]["cwd"]),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, (label, done.stdout, done.stderr)


def test_build_task_makes_the_firmware_of_the_launches(opened: Opened) -> None:
    """What was given to `scons ide` is given again: nothing is left to make."""
    task = opened.tasks()["scons elf"]
    run = Project(opened.path(task["options"]["cwd"])).build(*task["args"])
    assert run.commands == frozenset(), run.output


def test_tasks_to_run_before_exist(opened: Opened) -> None:
    for name, launch in opened.launches().items():
        assert launch.get("preLaunchTask", "scons elf") in opened.tasks(), name


def test_launch_without_flashing_writes_nothing(opened: Opened) -> None:
    names = [name for name in opened.launches() if "nothing written" in name]
    assert len(names) == 4
    for name in names:
        launch = opened.launches()[name]
        assert launch["request"] == "attach" or launch["loadFiles"] == [], name
        assert "preLaunchTask" not in launch, name
        assert LOADER not in launch.get("serverArgs", []), name
    for launch in opened.launches().values():
        own = [*launch.get("openOCDLaunchCommands", []), *launch["debuggerArgs"]]
        assert not any(word in text for text in own for word in ("load", "flash", "program"))


def test_launch_with_flashing_writes(opened: Opened) -> None:
    launches = opened.launches()
    stlink, openocd = (launches[f"{tool}: flash and debug"] for tool in ("ST-LINK", "OpenOCD"))
    # gdb loads the executable, external flash through the loader.
    assert "loadFiles" not in stlink
    assert stlink["serverArgs"][-2:] == ["-el", LOADER]
    # OpenOCD's gdb does not: `scons flash` has done it.
    assert openocd["preLaunchTask"] == "scons flash"
    assert openocd["loadFiles"] == []


def test_no_loader_for_own_flash_alone(project: Project) -> None:
    project.variables["subset_size"] = "0"
    del project.variables["placement"]
    project.build("ide")
    files = Opened(project, project.path("build/stm32h750b_dk/ide"))
    assert files.launches()["ST-LINK: flash and debug"]["serverArgs"] == ["-k"]


def test_gdb_is_one_of_this_computer(opened: Opened) -> None:
    for launch in opened.launches().values():
        assert "/" not in launch["gdbPath"]
        assert shutil.which(launch["gdbPath"])


@pytest.mark.skipif(shutil.which("openocd") is None, reason="needs OpenOCD")
def test_openocd_understands_its_commands(opened: Opened) -> None:
    for name, launch in opened.launches().items():
        if launch["servertype"] != "openocd":
            continue
        files = [word for config in launch["configFiles"] for word in ("-f", config)]
        commands = [*launch["openOCDLaunchCommands"], "noinit; shutdown"]
        done = subprocess.run(
            ["openocd", *files, *(word for text in commands for word in ("-c", text))],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, (name, done.stderr)
        assert "Error" not in done.stderr, (name, done.stderr)


@pytest.mark.skipif(shutil.which("qemu-system-arm") is None, reason="needs QEMU")
def test_qemu_stops_at_main_with_its_source(opened: Opened) -> None:
    output = _debugged_on_qemu(opened)
    assert re.search(r"Temporary breakpoint 1, main \(\) at .*main\.c:\d+", output), output
    assert "int main(void)" in output
    assert "board_console_write" in output


@pytest.mark.skipif(shutil.which("qemu-system-arm") is None, reason="needs QEMU")
def test_sources_of_a_build_elsewhere(project: Project, tmp_path: Path) -> None:
    """The ELF says `./build/app/main.c`; gdb is told where that is."""
    del project.variables["placement"]
    remove_temporary_folder(project.path("build"))
    project.build("elf", "ide", board="mps2_an500", build_dir=str(tmp_path / "out"))
    output = _debugged_on_qemu(Opened(project, tmp_path / "out/mps2_an500/ide"))
    assert "int main(void)" in output, output
    assert "board_console_write" in output


def _debugged_on_qemu(opened: Opened) -> str:
    """What gdb says when QEMU and it are started as cortex-debug does: no load, run to main.

    How it does: its src/qemu.ts and src/gdb.ts.
    """
    launch = opened.launches()["QEMU: mps2_an500"]
    port, elf = free_port(), str(opened.path(launch["executable"]))
    command = [
        "qemu-system-arm",
        "-cpu",
        launch["cpu"],
        "-machine",
        launch["machine"],
        "-nographic",
        "-semihosting-config",
        "enable=on,target=native",
        "-gdb",
        f"tcp:127.0.0.1:{port}",
        "-S",
        "-kernel",
        elf,
    ]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as qemu:
        try:
            return _gdb(launch, opened, elf, port)
        finally:
            qemu.kill()


def _gdb(launch: dict[str, Any], opened: Opened, elf: str, port: int) -> str:
    folders = [word if word == "-d" else str(opened.path(word)) for word in launch["debuggerArgs"]]
    script = [
        "set confirm off",
        f"target extended-remote localhost:{port}",
        f"tbreak {launch['runToEntryPoint']}",
        "continue",
        "list main",
        "list board_console_write",
        "kill",
    ]
    command = [
        launch["gdbPath"],
        "-q",
        "-batch",
        *folders,
        *(word for text in script for word in ("-ex", text)),
        elf,
    ]
    for _ in range(50):  # until QEMU listens
        done = subprocess.run(
            command,
            cwd=opened.path(launch["cwd"]),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        if "refused" not in done.stderr and "timed out" not in done.stderr:
            break
        time.sleep(0.1)
    return done.stdout + done.stderr


def test_problem_matcher_reads_the_compiler(project: Project) -> None:
    """A mistake in a header, met through a source file: place and message as GCC has them."""
    header = project.path("firmware/app/console.h")
    line = len(header.read_text().splitlines()) + 1
    project.append("firmware/app/console.h", "int broken = not_declared;\n")
    files = Opened(project, project.path("build/stm32h750b_dk/ide"))
    task = files.tasks()["scons elf"]
    matcher = task["problemMatcher"]
    run = Project(files.path(task["options"]["cwd"])).scons(*task["args"])
    assert run.status != 0
    pattern = re.compile(matcher["pattern"]["regexp"], re.MULTILINE)
    found = [match for match in pattern.finditer(run.output) if match[4] == "error"]
    assert found, run.output
    base = files.path(matcher["fileLocation"][1])
    for match in found:
        assert (base / match[matcher["pattern"]["file"]]).samefile(header)
        assert int(match[matcher["pattern"]["line"]]) == line
        assert "not_declared" in match[matcher["pattern"]["message"]]


def test_board_of_qemu_alone(project: Project) -> None:
    """No probe, no ST: launches with QEMU only, no task to flash, no CubeIDE project."""
    del project.variables["placement"]
    project.build("ide", board="mps2_an500")
    files = Opened(project, project.path("build/mps2_an500/ide"))
    assert list(files.launches()) == ["QEMU: mps2_an500"]
    assert set(files.tasks()) == {"scons elf", "scons sim", "scons debug"}
    assert not [name for name in files.files if "project" in name or name.endswith(".launch")]


def test_variables_come_back(project: Project) -> None:
    """Everything that decides what is made, from wherever scons was called."""
    run = subprocess.run(
        [SCONS, "-Q", "-u", "ide", "network=../tiny.onnx", "name=gearbox", "serial=066A"],
        cwd=project.path("firmware"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    files = Opened(project, project.path("build/stm32h750b_dk-gearbox/ide"))
    variables = {"board=stm32h750b_dk", "network=tiny.onnx", "name=gearbox", "serial=066A"}
    assert set(files.tasks()["scons flash"]["args"]) == {"flash", *variables}
    of_qemu = set(files.tasks()["scons elf (mps2_an500)"]["args"])
    assert of_qemu == {"elf", "board=mps2_an500", "network=tiny.onnx", "name=gearbox"}
    launches = files.launches()
    assert launches["ST-LINK: debug, nothing written"]["serialNumber"] == "066A"
    commands = launches["OpenOCD: debug, nothing written"]["openOCDLaunchCommands"]
    assert commands[-1] == "adapter serial 066A"
    assert launches["QEMU: mps2_an500"]["executable"].endswith("mps2_an500-gearbox/firmware.elf")


def test_native_board_has_none(project: Project) -> None:
    del project.variables["placement"]
    run = project.scons("ide", board="host")
    assert run.status == 2
    assert run.output == "scons: error: 'ide' cannot be made: not for host\n"
