"""`python -m tests.demo.digits`: test digits through the page, and which of them it gets wrong."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import numpy as np
from playwright.sync_api import sync_playwright

from model.sources.mnist import MNIST
from support.errors import UserError, run_cli
from support.progress import track
from tests.conftest import CHROMIUM
from tests.demo.browse import DATA, MANIFEST, TRAINING, VALIDATE, command, read_picture, serving


def main() -> None:
    """Open each digit as a picture, let the page centre it and the firmware read it."""
    parser = argparse.ArgumentParser(prog="python -m tests.demo.digits", description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="folder that holds MNIST/raw")
    parser.add_argument("--board", default="mps2_an500", help="board of the demo's firmware")
    parser.add_argument("--validate", type=Path, default=VALIDATE, help="folder of that firmware")
    parser.add_argument("--manifest", type=Path, default=MANIFEST, help="of its network")
    parser.add_argument("--training", type=Path, default=TRAINING, help="its training.json")
    parser.add_argument("--count", type=int, default=100, help="how many (100)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the choice (0)")
    arguments = parser.parse_args()
    path = shutil.which("chromium")
    if path is None:
        raise UserError("chromium is not installed", "./bootstrap scons test")
    images, labels = MNIST.read(arguments.data)["test"]
    random = np.random.default_rng(arguments.seed)
    chosen = np.sort(random.choice(len(labels), arguments.count, replace=False))
    words = command(
        arguments.board,
        arguments.validate / "firmware.elf",
        arguments.manifest,
        arguments.validate / "demo.html",
        "--training",
        str(arguments.training),
    )
    misses = []
    with sync_playwright() as playwright, serving(words) as server:
        browser = playwright.chromium.launch(executable_path=path, args=list(CHROMIUM))
        page = browser.new_page()
        page.goto(server.url)
        page.get_by_text("ready", exact=True).wait_for()
        for index in track(chosen.tolist(), "digits", len(chosen)):
            label = int(labels[index])
            read = read_picture(page, images[index, 0])
            if read != label:
                misses.append(f"{index} ({label} read as {read})")
        browser.close()
    print(f"{len(chosen)} digits, {len(misses)} misses{': ' if misses else ''}{', '.join(misses)}")


if __name__ == "__main__":
    run_cli("digits", main)
