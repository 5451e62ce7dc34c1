"""A copy of the project, and what SCons does in it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
VENV = REPOSITORY / ".venv"
NEWEST_SCONS = str(VENV / "bin" / "scons")
SCONS = next(
    (
        path
        for folder in os.environ["PATH"].split(os.pathsep)
        if (path := shutil.which("scons", path=folder)) and path != NEWEST_SCONS
    ),
    NEWEST_SCONS,
)
# What the build keeps for itself in its folder: site_scons/site_tools/state.py.
BOOKKEEPING = (".sconsign.dblite", ".nn2flash", ".nn2flash.hashes", ".nn2flash.lock")
# A command as the build shows it: its label in capitals, and the first file that it makes.
SHOWN = re.compile(r"^([A-Z]{2,9}) +(\S.*)$", re.MULTILINE)
# Compiled modules come along, so that no copy compiles them anew: Python takes those whose source
# has the time and size that they were made of. Not those half written or of pytest's own.
COMPILED_FOR_OTHERS = ("*.pyc.*", "*-pytest-*.pyc")
LEFT_BEHIND = (".git", ".venv", "build", "data", ".*_cache", ".hypothesis", *COMPILED_FOR_OTHERS)


@dataclass(frozen=True)
class Run:
    """What a run of SCons left.

    Attributes:
        status: the exit status.
        output: stdout and stderr, as they came.
    """

    status: int
    output: str

    @property
    def commands(self) -> frozenset[str]:
        """All commands that ran, "LABEL path"."""
        return frozenset(f"{label} {path}" for label, path in SHOWN.findall(self.output))


@dataclass
class Project:
    """A copy of the tree with variables that every run of it gets."""

    root: Path
    variables: dict[str, str] = field(default_factory=dict)
    program: str = SCONS

    def scons(self, *targets: str, **variables: str) -> Run:
        """Run SCons; the output is kept, whatever the status."""
        return self.scons_where({}, *targets, **variables)

    def scons_where(self, environment: dict[str, str], *targets: str, **variables: str) -> Run:
        """Run SCons with further environment variables."""
        done = subprocess.run(
            self.command(*targets, **variables),
            cwd=self.root,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return Run(done.returncode, done.stdout)

    def command(self, *targets: str, **variables: str) -> list[str]:
        """The command line of a run."""
        settings = {**self.variables, **variables}
        return [
            self.program,
            "-Q",
            *targets,
            *(f"{key}={value}" for key, value in settings.items()),
        ]

    def build(self, *targets: str, **variables: str) -> Run:
        """Run SCons, which must succeed."""
        run = self.scons(*targets, **variables)
        assert run.status == 0, run.output
        return run

    def clone(self, root: Path) -> Project:
        """The same project elsewhere, with everything that is built, time stamps included."""
        shutil.copytree(self.root, root, symlinks=True)
        return Project(root, dict(self.variables))

    def path(self, name: str) -> Path:
        """A file of the copy."""
        return self.root / name

    def replace(self, name: str, old: str, new: str) -> None:
        """Edit a file of the copy; `old` must be there."""
        path = self.path(name)
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{name} has no '{old}'"
        path.write_text(text.replace(old, new), encoding="utf-8")

    def append(self, name: str, text: str) -> None:
        """Add text to the end of a file of the copy."""
        with self.path(name).open("a", encoding="utf-8") as stream:
            stream.write(text)

    def elf(self, board: str = "mps2_an500") -> bytes:
        """The bytes of the firmware."""
        return self.path(f"build/{board}/firmware.elf").read_bytes()


def copy_tree(root: Path, **variables: str) -> Project:
    """Copy the sources of this tree, and none of what is built, to `root`."""
    shutil.copytree(REPOSITORY, root, symlinks=True, ignore=shutil.ignore_patterns(*LEFT_BEHIND))
    (root / ".venv").symlink_to(VENV.resolve())
    return Project(root, variables)


def files_below(folder: Path) -> dict[str, bytes]:
    """Every file below a folder with its content."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
