"""A set of data that is fetched where it is missing, and checked wherever it is from."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from model.sources.downloads import Source, SourceError
from model.sources.split import Data
from support.data_sets import DataFile, DataSet
from support.errors import UserError
from support.files import sha256_file


def _problem(path: Path, expected: DataFile) -> str | None:
    """Say what is wrong with the file at `path`, or None when it is the published one."""
    if not path.is_file():
        return "missing"
    size = path.stat().st_size
    if size != expected.size:
        return f"truncated or another file: {size} bytes instead of {expected.size}"
    if sha256_file(path) != expected.sha256:
        return "corrupt: its SHA-256 is not that of the published file"
    return None


@dataclass(frozen=True)
class FetchedSet:
    """A set, where it comes from and how it is read.

    Attributes:
        name: its key in `support.data_sets.SETS`.
        facts: its files.
        sources: where to look, in this order.
        reader: makes parts of the files' paths, which come in the order of `facts.files`.
    """

    name: str
    facts: DataSet
    sources: Sequence[Source]
    reader: Callable[[Sequence[Path]], Data]

    def folder(self, data: Path) -> Path:
        """Return the folder below `data` that holds the files."""
        return data / self.facts.folder

    def _check(self, data: Path, files: Sequence[DataFile], remedy: str) -> None:
        """Raise a `UserError` that names the first of `files` which is not as published."""
        for expected in files:
            path = self.folder(data) / expected.name
            if problem := _problem(path, expected):
                raise UserError(f"{path}: {problem}", remedy)

    def obtain(self, data: Path, sources: Sequence[Source] | None = None) -> str:
        """Make sure that the files are below `data`, and return where they come from.

        Files that are there already are only checked. Missing ones are fetched into a temporary
        folder, checked, and then moved into place.

        Args:
            data: the folder of all sets.
            sources: other ones than the set's.

        Raises:
            UserError: a file is corrupt, or no source answered.
        """
        folder, files = self.folder(data), self.facts.files
        present = [file for file in files if (folder / file.name).exists()]
        self._check(data, present, "delete this file and run the command again")
        if len(present) == len(files):
            return "the existing copy"

        folder.mkdir(parents=True, exist_ok=True)
        failures: list[str] = []
        for source in self.sources if sources is None else sources:
            if failures:
                print(f"dataset: {failures[-1]}", file=sys.stderr)
            with tempfile.TemporaryDirectory(prefix=".tmp-", dir=folder) as temporary:
                try:
                    fetched = source.fetch(Path(temporary), [file.name for file in files])
                except SourceError as error:
                    failures.append(f"{source.title}: {error}")
                    continue
                problems = [
                    f"{file.name} is {problem}"
                    for file in files
                    if (problem := _problem(fetched / file.name, file))
                ]
                if problems:
                    failures.append(f"{source.title}: other files came, {'; '.join(problems)}")
                    continue
                for file in files:
                    if file not in present:
                        (fetched / file.name).replace(folder / file.name)
            return source.title
        raise UserError(
            f"{folder}: {self.facts.title} is not there and cannot be fetched:"
            f" {'; '.join(failures)}",
            "connect to the network, or name the folder of an existing copy "
            f"(the one that holds {self.facts.folder}): --data DIR, or data_dir=DIR with scons",
        )

    def checked(self, data: Path) -> list[Path]:
        """The files below `data`, after they were compared with the published ones.

        Raises:
            UserError: one is missing or another.
        """
        remedy = (
            f"run: python -m model dataset --set {self.name} --data {data}"
            " (delete a corrupt file first)"
        )
        self._check(data, self.facts.files, remedy)
        return [self.folder(data) / file.name for file in self.facts.files]

    def read(self, data: Path) -> Data:
        """Its parts, after checking the files.

        Raises:
            UserError: a file is missing or not the published one.
        """
        return self.reader(self.checked(data))
