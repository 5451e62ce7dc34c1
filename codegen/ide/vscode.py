"""VS Code: launch configurations for the cortex-debug extension, tasks, IntelliSense.

Attributes: cortex-debug, "debug_attributes.md"; VS Code, "Tasks" and "Variables Reference".
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from codegen.ide.build import Build
from codegen.render import render

# Targets of scons that get a task, and the group that VS Code shows it in; "build" has a key of its
# own. Those of no group are talked with: gdb, the console.
_TASKS = {
    "elf": "build",
    "sim": "test",
    "validate": "test",
    "flash": "",
    "debug": "",
    "monitor": "",
}
# Variables that name things of one board.
_OF_THE_BOARD = ("board=", "placement=", "programmer=", "serial=", "port=")


@dataclass(frozen=True)
class Task:
    """One task: `scons` with arguments.

    Attributes:
        group: "build", "test" or "".
        default: the one of its group that VS Code's key runs.
    """

    label: str
    arguments: list[str]
    group: str
    default: bool


@dataclass(frozen=True)
class Launch:
    """One launch configuration.

    Attributes:
        server: cortex-debug's `servertype`.
        request: "launch" resets the processor, "attach" does not.
        load: gdb writes the firmware.
        task: label of the task to run before, or "".
        elf: the firmware.
        server_arguments: further words for the gdb server.
        commands: further commands for OpenOCD.
        machine, cpu: QEMU's.
    """

    name: str
    server: str
    request: str
    elf: Path
    load: bool = False
    task: str = ""
    server_arguments: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    machine: str = ""
    cpu: str = ""


def files(build: Build) -> dict[str, str]:
    """The files' names, relative to the build's folder for the IDE, and their text."""

    def vscode(path: Path) -> str:
        """A path with VS Code's variable for the folder that it opened."""
        relative = build.relative(path)
        return "${workspaceFolder}" + ("" if relative == "." else f"/{relative}")

    context = {
        "build": build,
        "launches": list(_launches(build)),
        "tasks": list(_tasks(build)),
        "path": vscode,
        "database_from_project": Path(os.path.relpath(build.database, build.project)),
        # The debug info has `./build/…` for generated sources, wherever the build's folder is; gdb
        # starts in the project's folder, which is all that the hand-written ones need.
        "generated": [path for path in build.sources if path.is_relative_to(build.build_dir)],
        # Any folder: compile_commands.json has the compiler's path, and it may move.
        "query_driver": f"**/{Path(build.compiler).stem}*",
    }
    templates = {
        ".vscode/launch.json": "launch.json.j2",
        ".vscode/tasks.json": "tasks.json.j2",
        ".vscode/c_cpp_properties.json": "c_cpp_properties.json.j2",
        # clangd looks for its file beside the sources and above: elsewhere a workspace tells it.
        **(
            {".clangd": "clangd.j2"}
            if build.folder == build.project
            else {f"{build.name}.code-workspace": "code-workspace.j2"}
        ),
    }
    return {name: render(f"ide/vscode/{path}", context) for name, path in templates.items()}


def _tasks(build: Build) -> Iterator[Task]:
    for target, group in _TASKS.items():
        if target in build.targets:
            arguments = [target, *build.variables]
            yield Task(f"scons {target}", arguments, group, default=group != "")
    variables = [v for v in build.variables if not v.startswith(_OF_THE_BOARD)]
    for entry in _emulated(build):
        if entry["board"] != build.board:
            arguments = ["elf", f"board={entry['board']}", *variables]
            yield Task(_elf_task(build, entry["board"]), arguments, "build", default=False)


def _launches(build: Build) -> Iterator[Launch]:
    servers = {"stm32cubeprogrammer": _stlink, "openocd": _openocd}
    for programmer in build.programmers:
        if programmer in servers:
            yield from servers[programmer](build)
    for entry in _emulated(build):
        folder = build.elf.parent.name.replace(build.board, entry["board"], 1)
        yield Launch(
            f"QEMU: {entry['board']}",
            "qemu",
            "launch",
            build.elf.parent.with_name(folder) / build.elf.name,
            task=_elf_task(build, entry["board"]),
            machine=entry["machine"],
            cpu=entry["cpu"],
        )


def _stlink(build: Build) -> Iterator[Launch]:
    """ST-LINK_gdbserver, which writes flash itself, external flash with a loader."""
    # Connected under reset (UM2576, "-k"), so that no firmware can keep the debugger out.
    loader = ("-el", build.loader) if build.loader else ()
    if build.loader or not build.external:
        yield Launch(
            "ST-LINK: flash and debug",
            "stlink",
            "launch",
            build.elf,
            load=True,
            task=_elf_task(build, build.board),
            server_arguments=("-k", *loader),
        )
    yield Launch(
        "ST-LINK: debug, nothing written",
        "stlink",
        "launch",
        build.elf,
        server_arguments=("-k",),
    )
    yield Launch("ST-LINK: attach, nothing written", "stlink", "attach", build.elf)


def _openocd(build: Build) -> Iterator[Launch]:
    """OpenOCD, which serves gdb only; `scons flash` writes.

    With a memory map, gdb's connection has OpenOCD probe every flash bank, and an external one
    does not answer before somebody has set it up (OpenOCD User's Guide, "GDB and OpenOCD").
    Without one, gdb takes flash for RAM: breakpoints have to be the processor's.
    """
    serial = (f"adapter serial {build.serial}",) if build.serial else ()
    safe = ("gdb_memory_map disable", "gdb_breakpoint_override hard", *serial)
    if "flash" in build.targets:
        yield Launch(
            "OpenOCD: flash and debug",
            "openocd",
            "launch",
            build.elf,
            task="scons flash",
            commands=safe,
        )
    yield Launch("OpenOCD: debug, nothing written", "openocd", "launch", build.elf, commands=safe)
    yield Launch("OpenOCD: attach, nothing written", "openocd", "attach", build.elf, commands=safe)


def _emulated(build: Build) -> list[dict[str, str]]:
    """The boards of QEMU that may run this network: a vendor's runtime may not (its licence)."""
    boards: list[dict[str, str]] = build.debugging["qemu"]
    return [] if build.placement.get("vendor_runtime") else boards


def _elf_task(build: Build, board: str) -> str:
    return "scons elf" if board == build.board else f"scons elf ({board})"
