"""What the files of an IDE are rendered from, and how they name other files."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Build:
    """A build of one board's firmware, seen from the folder that an IDE opens.

    All paths are absolute.

    Attributes:
        folder: where the files go.
        project: where SConstruct is.
        build_dir: the build's folder.
        elf: the firmware, `<build_dir>/<board>…/firmware.elf`.
        database: compile_commands.json.
        compiler: its name, or the path that the user gave.
        includes: folders that are searched for headers.
        sources: folders that hold the firmware's sources, hand-written and generated.
        variables: NAME=VALUE of `scons` that make this very firmware; board=… among them.
        targets: of `scons`, that can be made for this board.
        debugging, memories, placement: debugging.json, memories.json and placement.json.
    """

    folder: Path
    project: Path
    build_dir: Path
    elf: Path
    database: Path
    compiler: str
    includes: Sequence[Path]
    sources: Sequence[Path]
    variables: Sequence[str]
    targets: Sequence[str]
    debugging: Mapping[str, Any]
    memories: Mapping[str, Any]
    placement: Mapping[str, Any]

    @property
    def board(self) -> str:
        """The board's name."""
        return str(self.debugging["board"]["name"])

    @property
    def name(self) -> str:
        """What an IDE calls the project; the build's folder of the board tells builds apart."""
        return f"nn2flash-{self.elf.parent.name}"

    @cached_property
    def external(self) -> Mapping[str, Any] | None:
        """The external flash that this firmware is stored in, among others, or None."""
        stored = {
            entry["load"] or entry["run"]
            for entry in self.placement["objects"].values()
            if entry["bytes"]
        }
        flash = (m for m in self.memories["memories"] if m["external"] and m["kind"] == "flash")
        return next((memory for memory in flash if memory["name"] in stored), None)

    @property
    def programmers(self) -> dict[str, Mapping[str, str]]:
        """Programmer -> its settings for this board, the preferred one first."""
        return {entry["name"]: entry for entry in self.debugging["programmers"]}

    @property
    def stlink(self) -> Mapping[str, str] | None:
        """The settings of ST's tools for this board, or None when they do not know it."""
        settings = self.programmers.get("stm32cubeprogrammer", {})
        return settings if "device" in settings else None

    @property
    def loader(self) -> str:
        """File name of the external loader that writing this firmware takes; "" for none.

        A name, no path: ST's gdb server finds it in the ExternalLoader folder of its programmer,
        and so do CubeIDE's own launch files have it.
        """
        return (self.stlink or {}).get("loader", "") if self.external else ""

    @property
    def serial(self) -> str:
        """The debug probe's serial number, when the user named one."""
        return next((v.partition("=")[2] for v in self.variables if v.startswith("serial=")), "")

    def relative(self, path: Path) -> str:
        """A path as it is written in the folder, with forward slashes."""
        return Path(os.path.relpath(path, self.folder)).as_posix()

    def name_in_debug_info(self, path: Path) -> str:
        """What the ELF calls a file: relative to the project, or below `build/`."""
        for top, prefix in ((self.build_dir, Path("build")), (self.project, Path())):
            if path.is_relative_to(top):
                return (prefix / path.relative_to(top)).as_posix()
        return path.name
