"""The marker of a build folder: it is ours, and these files in it were made by this build.

Files are written down before they are made, so that what a killed build leaves is known, too.
"""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterable
from pathlib import Path

import SCons.Errors

NAME = ".nn2flash"
# SCons' record, the files of this folder, and the data set, which is fetched and stays.
OWN = (".sconsign", NAME)
DATA = "data/"
# Folders of the project that hold sources.
SOURCES = (
    ".git",
    ".ci",
    ".venv",
    "codegen",
    "device",
    "docs",
    "examples",
    "firmware",
    "model",
    "nn2flash",
    "requirements",
    "site_scons",
    "support",
    "target",
    "templates",
    "tests",
)


def replace_text(path: Path, text: str) -> None:
    """Write a file of this folder's own, whole or not at all.

    Raises:
        OSError: it cannot be written.
    """
    temporary = path.with_name(f"{path.name}.tmp")
    temporary.unlink(missing_ok=True)  # whatever it is: a pipe would keep us waiting
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def check_place(folder: Path, root: Path, given: str) -> None:
    """Refuse a build folder that is, holds or lies in sources.

    Args:
        folder: the build folder.
        root: the project's folder.
        given: as the user named it.

    Raises:
        SCons.Errors.UserError: it does.
    """
    place, top = folder.resolve(), root.resolve()
    if place == top or place in top.parents:
        raise SCons.Errors.UserError(f"build_dir={given}: give a folder of its own")
    inside = place.relative_to(top).parts[0] if place.is_relative_to(top) else ""
    if inside in SOURCES:
        raise SCons.Errors.UserError(
            f"build_dir={given}: {inside}/ holds sources: choose another folder"
        )


class Marker:
    """The marker of one build folder.

    Attributes:
        made: paths below the folder, with slashes, of all files that this build makes.
    """

    def __init__(self, folder: Path, top: Path) -> None:
        self.folder, self.top = folder, top
        self.path = folder / NAME
        self.made: set[str] = set()

    def read(self, given: str) -> None:
        """Read the marker; a folder without one is taken if all it holds was made by this build.

        Raises:
            SCons.Errors.UserError: it holds other files, or the marker is none.
        """
        if not self.path.exists() and not self.path.is_symlink():
            self._adopt(given)
            return
        if not self.path.is_file():  # a pipe would keep its reader waiting
            raise SCons.Errors.UserError(f"{self.path} is not a file: remove it")
        try:
            self.made = {str(name) for name in json.loads(self.path.read_text("utf-8"))["made"]}
        except (OSError, ValueError, TypeError, KeyError) as error:
            reason = getattr(error, "strerror", None) or "it is not as this build wrote it"
            raise SCons.Errors.UserError(
                f"{self.path}: {reason}: delete it if this folder holds nothing of yours"
            ) from None

    def write(self, made: Iterable[str]) -> None:
        """Keep these names.

        Raises:
            OSError: it cannot be written.
        """
        names = set(made)
        if names == self.made and self.path.exists():
            return
        replace_text(self.path, json.dumps({"made": sorted(names)}, indent=1) + "\n")
        self.made = names

    def _adopt(self, given: str) -> None:
        """Take a folder of an earlier version, whose files SCons' record names."""
        recorded = _recorded(self.folder, self.top)
        for path in self.folder.rglob("*"):
            name = path.relative_to(self.folder).as_posix()
            if path.is_dir() and not path.is_symlink():
                continue
            if name.startswith((*OWN, DATA)) or f"{name}/" == DATA or name in recorded:
                continue
            raise SCons.Errors.UserError(
                f"build_dir={given} holds files that this build did not make, such as {name}: "
                "choose another folder, or move them away"
            )
        self.made = recorded


def _recorded(folder: Path, top: Path) -> set[str]:
    """The files below a folder that SCons' record there says were made, by a build in `top`."""
    try:
        folders = pickle.loads((folder / ".sconsign.dblite").read_bytes())
        found = set()
        for place, entries in folders.items():
            for name, entry in pickle.loads(entries).items():
                path = Path(top, place, name)
                if getattr(entry.binfo, "bactsig", None) and path.is_relative_to(folder):
                    found.add(path.relative_to(folder).as_posix())
        return found
    except Exception:  # whatever is not a record of SCons' says nothing
        return set()
