"""Running the demo and using its page: shared by the tests and the pictures of docs/."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image
from playwright.sync_api import FilePayload, Page

from tests.protocol.toys import ROOT, board_toml

Point = tuple[float, float]

# What a build leaves: defaults of the commands that look at one.
DATA = ROOT / "build" / "data"
VALIDATE = ROOT / "build" / "mps2_an500-validate"
MANIFEST = ROOT / "build" / "network" / "network_manifest.json"
TRAINING = ROOT / "build" / "model" / "training.json"

# Strokes in parts of the drawing area, as a person draws them.
SEVEN = [[(0.3, 0.2), (0.7, 0.2), (0.45, 0.85)]]
ONE = [[(0.5, 0.15), (0.5, 0.85)]]
ZERO = [
    [(0.5 + 0.2 * np.cos(angle), 0.5 + 0.33 * np.sin(angle)) for angle in np.linspace(0, 6.3, 25)]
]
FOUR = [[(0.4, 0.2), (0.3, 0.55), (0.72, 0.55)], [(0.62, 0.2), (0.6, 0.85)]]


def answered(page: Page) -> str:
    """What was found, once the page shows the answer to its newest drawing."""
    page.locator("body[data-answered]").wait_for()
    # That may be the answer to the first stroke, on a busy computer for long.
    deadline = time.monotonic() + 30
    while page.evaluate("waiting || wanted") and time.monotonic() < deadline:
        page.wait_for_timeout(50)
    return page.locator("#best").inner_text()


def places(page: Page, stroke: list[Point]) -> list[Point]:
    """A stroke in pixels of the window."""
    box = page.locator("#paper").bounding_box()
    assert box
    return [(box["x"] + box["width"] * x, box["y"] + box["height"] * y) for x, y in stroke]


def draw(page: Page, strokes: list[list[Point]]) -> None:
    """With the mouse, in a tab that is brought to the front: others are drawn once a second."""
    page.bring_to_front()
    for stroke in strokes:
        first, *others = places(page, stroke)
        page.mouse.move(*first)
        page.mouse.down()
        for x, y in others:
            page.mouse.move(x, y, steps=6)
        page.mouse.up()


def read_picture(page: Page, pixels: npt.NDArray[np.uint8]) -> int:
    """Open a picture, black on white, and wait for its answer."""
    page.get_by_role("button", name="Clear").click()
    page.locator("body:not([data-answered])").wait_for()
    file = io.BytesIO()
    Image.fromarray(255 - pixels).save(file, "png")
    picture = FilePayload(name="digit.png", mimeType="image/png", buffer=file.getvalue())
    page.set_input_files("#file", picture)
    page.locator("body[data-answered]").wait_for()
    return int(page.locator("#best").inner_text())


@dataclass(frozen=True)
class Server:
    """A running demo.

    Attributes:
        url: of its page.
        process: what serves it.
    """

    url: str
    process: subprocess.Popen[str]

    @property
    def port(self) -> int:
        """The TCP port."""
        return int(self.url.rpartition(":")[2].rstrip("/"))


def children(pid: int) -> list[int]:
    """The processes that a process started: its firmware."""
    # Each thread has its own; the firmware is started again by whichever answers.
    lists = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(word) for each in lists for word in each.read_text().split()]


def command(board: str, elf: Path, manifest: Path, page: Path, *more: str) -> list[str]:
    """The command line of a demo on any free port."""
    words = ["--board", str(board_toml(board)), "--elf", str(elf), "--listen", "0"]
    files = ["--manifest", str(manifest), "--page", str(page)]
    return [sys.executable, "-m", "device", "demo", *words, *files, *more]


@contextmanager
def serving(words: list[str]) -> Iterator[Server]:
    """Run a demo until the block ends."""
    process = subprocess.Popen(
        words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        url = ""
        for line in process.stdout:
            if found := re.search(r"http://\S+", line):
                url = found[0]
                break
        assert url, process.communicate(timeout=10)[1]
        threading.Thread(target=process.stdout.read, daemon=True).start()
        yield Server(url, process)
    finally:
        process.terminate()
        process.wait(20)
