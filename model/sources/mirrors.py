"""torchvision's mirrors of MNIST."""

from __future__ import annotations

import contextlib
import io
import socket
import threading
import urllib.request
from pathlib import Path

from model.sources.downloads import SourceError

ANSWER_SECONDS = 5.0
"""How long a mirror may take to answer at all, name resolution included."""

STALL_SECONDS = 20.0
"""How long a download may stand still."""


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


def fetch_from_mirrors(folder: Path, names: list[str]) -> Path:
    """Let torchvision download, from those of its mirrors that answer.

    Raises:
        SourceError: none does, or the download failed.
    """
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
