"""What an IDE makes of the files: the folder that it opened, and its variables replaced."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.graph.project import Project

RECORD = ".nn2flash-ide.json"


@dataclass(frozen=True)
class Opened:
    """A project with its IDE files, built for the kit and for QEMU.

    Attributes:
        folder: where the files are.
    """

    project: Project
    folder: Path

    @property
    def files(self) -> dict[str, str]:
        """All files that were written, by their names, without the record."""
        names = json.loads((self.folder / RECORD).read_text())
        return {name: (self.folder / name).read_text() for name in names}

    def json(self, name: str) -> Any:
        """A file, which must be JSON of the strict kind."""
        return json.loads((self.folder / name).read_text())

    def xml(self, name: str) -> ET.Element:
        """The root of a file, which must be well-formed XML."""
        return ET.fromstring((self.folder / name).read_text())

    def named(self, end: str) -> str:
        """The only file whose name ends so."""
        (name,) = (name for name in self.files if name.endswith(end))
        return name

    def launches(self) -> dict[str, dict[str, Any]]:
        """VS Code's launch configurations by name."""
        content = self.json(".vscode/launch.json")
        return {entry["name"]: entry for entry in content["configurations"]}

    def tasks(self) -> dict[str, dict[str, Any]]:
        """VS Code's tasks by label."""
        return {entry["label"]: entry for entry in self.json(".vscode/tasks.json")["tasks"]}

    def path(self, text: str, variable: str = "${workspaceFolder}") -> Path:
        """A path of a file, the variable of the opened folder replaced."""
        assert text.startswith(variable), text
        return Path(text.replace(variable, str(self.folder)))

    def attributes(self, launch: str) -> dict[str, str]:
        """The attributes of one of CubeIDE's launches by key."""
        root = self.xml(self.named(f"-{launch}.launch"))
        return {a.get("key", ""): a.get("value", "") for a in root if a.tag != "listAttribute"}


def strings(value: Any) -> Iterator[str]:
    """All strings in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)


def menu(project: Project) -> set[str]:
    """The targets in the menu of `scons -h`."""
    text = project.build("-h").output
    table = text.split("\n\n")[1].splitlines()
    start = table[0].index("target")
    end = table[0].index("makes")
    return {name for row in table for name in re.findall(r"[\w-]+", row[start:end])}
