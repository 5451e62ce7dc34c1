"""`python -m tests.demo.pictures`: the pictures of report and demo page that stand in docs/.

Looks at a finished build: `scons validate`, `scons profile`, `scons report` and `scons demo`, one
after the other, leave all that it needs.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, ViewportSize, sync_playwright

from support.errors import UserError, run_cli
from tests.conftest import CHROMIUM
from tests.demo.browse import MANIFEST, SEVEN, TRAINING, VALIDATE, answered, command, draw, serving

ROOT = Path(__file__).resolve().parents[2]
_PAGE = ROOT / "build" / "stm32h750b_dk" / "report.html"
_REPORT = ViewportSize(width=1100, height=1500)
_DEMO = ViewportSize(width=920, height=720)


def main() -> None:
    """Take the pictures."""
    parser = argparse.ArgumentParser(prog="python -m tests.demo.pictures", description=__doc__)
    parser.add_argument("--report", type=Path, default=_PAGE, help="report.html")
    parser.add_argument("--board", default="mps2_an500", help="board of the demo's firmware")
    parser.add_argument("--validate", type=Path, default=VALIDATE, help="folder of that firmware")
    parser.add_argument("--manifest", type=Path, default=MANIFEST, help="of its network")
    parser.add_argument("--training", type=Path, default=TRAINING, help="its training.json")
    parser.add_argument("--normalize", metavar="MEAN,STD", help="of a given network's training")
    parser.add_argument("--out", type=Path, default=ROOT / "docs", help="folder (default: docs)")
    arguments = parser.parse_args()
    path = shutil.which("chromium")
    if path is None:
        raise UserError("chromium is not installed", "./bootstrap scons test")
    for file in (arguments.report, arguments.validate / "demo.html"):
        if not file.is_file():
            raise UserError(f"{file}: no such file", "scons report, scons demo")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(CHROMIUM))
        _report(browser, arguments.report, arguments.out)
        words = command(
            arguments.board,
            arguments.validate / "firmware.elf",
            arguments.manifest,
            arguments.validate / "demo.html",
            *(
                ("--normalize", arguments.normalize)
                if arguments.normalize
                else ("--training", str(arguments.training))
            ),
        )
        with serving(words) as server:
            _demo(browser, server.url, arguments.out)
        browser.close()


def _report(browser: Browser, report: Path, out: Path) -> None:
    page = browser.new_page(viewport=_REPORT)
    page.goto(report.resolve().as_uri())
    _save(page.screenshot(), out / "report.png")
    page.close()


def _demo(browser: Browser, url: str, out: Path) -> None:
    page = browser.new_page(viewport=_DEMO)
    page.goto(url)
    page.get_by_text("ready", exact=True).wait_for()
    draw(page, SEVEN)
    answered(page)
    page.mouse.move(0, 0)
    _save(page.screenshot(), out / "demo.png")
    page.close()


def _save(png: bytes, path: Path) -> None:
    """With 256 colours, a third of the bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(png)
    Image.open(path).convert("RGB").quantize(256).save(path, optimize=True)
    print(path)


if __name__ == "__main__":
    run_cli("pictures", main)
