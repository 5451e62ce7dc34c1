"""STM32CubeIDE: a project to import, built by scons, and its two launches.

The project is ST's kind of project (nature and tool chain, which hold the chip's name for the
debugger) with another builder than its own. Attributes of the builder: Eclipse CDT, IBuilder.
"""

from __future__ import annotations

import os
import shlex
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from codegen.ide.build import Build
from codegen.render import render

_CONFIGURATION = "com.st.stm32cube.ide.mcu.gnu.managedbuild.config.exe.debug"
_FILE, _FOLDER = 1, 2  # types of linked resources


class Ids:
    """Ids of project elements: `name.number`, unique in a project, the same in every run."""

    def __init__(self, project: str) -> None:
        self._number = 100_000_000 + zlib.crc32(project.encode()) % 1_000_000_000

    def __call__(self, name: str) -> str:
        """The next id."""
        self._number += 1
        return f"{name}.{self._number}"


@dataclass(frozen=True)
class Resource:
    """A file or folder that the project shows.

    Attributes:
        name: its path in the project.
        location: where it lies, when that is outside the project's folder; else "".
        kind: 1 for a file, 2 for a folder.
    """

    name: str
    location: str
    kind: int


def files(build: Build) -> dict[str, str]:
    """The files' names, relative to the build's folder for the IDE, and their text.

    Empty for boards that ST's tools do not know.
    """
    if build.stlink is None:
        return {}
    ids = Ids(build.name)
    elf = _resource(build, build.elf, _FILE)
    sources = [_resource(build, folder, _FOLDER) for folder in build.sources]
    up = build.relative(build.project)
    context = {
        "build": build,
        "id": ids,
        "configuration": ids(_CONFIGURATION),
        "elf": elf,
        "sources": sources,
        "links": [resource for resource in (elf, *sources) if resource.location],
        "includes": [f"${{ProjDirPath}}/{build.relative(path)}" for path in build.includes],
        "build_path": "${ProjDirPath}" + ("" if up == "." else f"/{up}"),
        "arguments": shlex.join(build.variables),
    }
    made = {
        ".project": render("ide/cubeide/project.xml.j2", context),
        ".cproject": render("ide/cubeide/cproject.xml.j2", context),
    }
    for verb in ("debug", "flash"):
        if verb == "flash" and build.external and not build.loader:
            continue
        made[f"{build.name}-{verb}.launch"] = render(
            "ide/cubeide/launch.xml.j2", {**context, "download": verb == "flash"}
        )
    return made


def _resource(build: Build, path: Path, kind: int) -> Resource:
    """A file or folder; what lies outside is linked under the name that the debug info has."""
    if path.is_relative_to(build.folder):
        return Resource(build.relative(path), "", kind)
    return Resource(build.name_in_debug_info(path), _location(path, build.folder), kind)


def _location(path: Path, folder: Path) -> str:
    """A path as Eclipse's project files have it: up by PARENT-n-PROJECT_LOC."""
    parts = PurePosixPath(Path(os.path.relpath(path, folder)).as_posix()).parts
    up = parts.count("..")
    return "/".join((f"PARENT-{up}-PROJECT_LOC", *parts[up:]))
