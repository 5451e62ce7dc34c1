"""Host projects: copies of the examples beside this file, and what their builds do."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.embed.models import WRITERS, expected, write_run
from tests.graph.project import SCONS

EXAMPLES = Path(__file__).resolve().parent
# What a build shows of its commands: the output of a compiler or linker, an archive, a network.
MADE = re.compile(
    r"(?:-o +'?(?P<output>[^\s']+)|ar +\w+ +(?P<archive>[^\s']+\.a)"
    r"|GENERATE +\S*?(?P<scons>\w+)\.c$|codegen generate .*?--name (?P<cli>\w+).* --model )",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Run:
    """A finished command.

    Attributes:
        status: its exit status.
        output: stdout and stderr, as they came.
    """

    status: int
    output: str

    @property
    def made(self) -> frozenset[str]:
        """Base names of what was compiled, archived and linked, and "generate NAME"."""
        found = set()
        for match in MADE.finditer(self.output):
            network = match["scons"] or match["cli"]
            path = match["output"] or match["archive"]
            found.add(f"generate {network}" if network else Path(path).name)
        return frozenset(found)


@dataclass(frozen=True)
class Host:
    """A host project in a folder of its own."""

    root: Path

    def run(self, *command: str, cwd: str = ".", **environment: str) -> Run:
        """Run a command in the host's folder; the output is kept, whatever the status."""
        done = subprocess.run(
            command,
            cwd=self.root / cwd,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            env={**os.environ, **environment},
        )
        return Run(done.returncode, done.stdout)

    def build(self, *command: str) -> Run:
        """Run a command, which must succeed."""
        run = self.run(*command)
        assert run.status == 0, run.output
        return run

    def scons(self, *words: str) -> Run:
        """Run SCons, whatever its status."""
        return self.run(SCONS, "-Q", *words)

    def check(self, *program: str) -> None:
        """Run the product: every byte of both networks is the reference's."""
        for name in WRITERS:
            (self.root / f"{name}.out").unlink(missing_ok=True)
        self.build(*program)
        for name in WRITERS:
            outputs = (self.root / f"{name}.out").read_bytes()
            assert outputs == expected(self.root, name, self.root / f"{name}.onnx"), name

    def clone(self, root: Path) -> Host:
        """The same host elsewhere, with everything that is built, time stamps included."""
        shutil.copytree(self.root, root, symlinks=True)
        return Host(root)

    def retrain(self, name: str, seed: int = 99) -> None:
        """Another model of the same shape."""
        WRITERS[name](self.root / f"{name}.onnx", seed)

    def append(self, path: str, text: str) -> None:
        """Add text to the end of a file."""
        with (self.root / path).open("a", encoding="utf-8") as stream:
            stream.write(text)

    def replace(self, path: str, old: str, new: str) -> None:
        """Edit a file; `old` must be there."""
        text = (self.root / path).read_text(encoding="utf-8")
        assert old in text, f"{path} has no '{old}'"
        (self.root / path).write_text(text.replace(old, new), encoding="utf-8")


def make_host(
    root: Path,
    example: str | Path,
    parts: dict[str, Path],
    writers: Mapping[str, Callable[[Path], Path]] = WRITERS,
) -> Host:
    """A copy of an example with its program, its models and inputs, and links to its parts.

    Args:
        example: folder, seen from this one.
        parts: path in the host → what a link there leads to.
        writers: of the models.
    """
    shutil.copytree(EXAMPLES / example, root)
    shutil.copy(EXAMPLES / "product" / "main.c", root)
    for name, write in writers.items():
        write_run(root, name, write(root / f"{name}.onnx"))
    for place, target in parts.items():
        link = root / place
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(target)
    return Host(root)
