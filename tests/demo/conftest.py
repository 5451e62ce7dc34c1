"""The demo's server with firmware behind it, and a headless Chromium in front of it."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from support.files import write_json
from tests.demo.browse import Server, command, serving
from tests.end_to_end.conftest import scons
from tests.model.conftest import products  # noqa: F401 - a fixture
from tests.model.products import Products
from tests.protocol.toys import ROOT, link_toy


def demo_of(board: str, elf: Path, folder: Path, *more: str) -> list[str]:
    """The command line of a demo whose manifest and page are in `folder`."""
    return command(board, elf, folder / "manifest.json", folder / "demo.html", *more)


def render_page(folder: Path, manifest: Path, memories: Path, subset: str = "") -> None:
    """The page, as the build renders it; `subset` is a network module's `SUBSET`."""
    words = ["render", "demo/page.html.j2", "--out", str(folder / "demo.html")]
    words += ["--context", f"manifest={manifest}", "--context", f"memories={memories}"]
    words += ["--set", f"subset={subset}"] if subset else []
    subprocess.run([sys.executable, "-m", "codegen", *words], cwd=ROOT, check=True)


@pytest.fixture(scope="session")
def toy_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A toy that takes 28 x 28 values, its manifest and page: toy.elf, manifest.json, demo.html."""
    folder = tmp_path_factory.mktemp("toy demo")
    link_toy("host", folder / "toy.elf", ["-DTOY_INPUTS=784", "-DTOY_ONE_INPUT"])
    about = {"name": "toy", "model_sha256": "70ffee", "generator": "hand", "origin": "toy.c"}
    output = {"name": "output", "shape": [1, 7], "size": 7}
    manifest = {**about, "inputs": [], "outputs": [output], "layers": []}
    write_json(folder / "manifest.json", manifest)
    board = {"board": {"name": "host", "title": "This computer"}, "cpu": {"core": "native"}}
    memories = {**board, "memories": [], "placement": {}, "budget": {}}
    write_json(folder / "memories.json", memories)
    render_page(folder, folder / "manifest.json", folder / "memories.json")
    return folder


@pytest.fixture(scope="module")
def toy_server(toy_folder: Path) -> Iterator[Server]:
    """A demo of the toy on this computer."""
    words = demo_of("host", toy_folder / "toy.elf", toy_folder, "--normalize", "0,1")
    with serving(words) as server:
        yield server


@pytest.fixture(scope="session")
def digits_folder(shared_dir: Path, mnist_dir: Path, products: Products) -> Path:  # noqa: F811
    """A build for QEMU of a network that reads digits, by the project's own graph."""
    folder = shared_dir / "demo build"
    with (shared_dir / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        board = folder / "mps2_an500-validate"
        if not (folder / "manifest.json").exists():
            words = [f"data_dir={mnist_dir}", f"network={products.int8}"]
            words += ["inputs=mnist", "normalize=0.5,0.5", "board=mps2_an500", "app=validate"]
            targets = ["elf", f"build/{board.name}/demo.html", "build/model/reference_test.npz"]
            done = scons(folder, *words, *targets)
            assert done.returncode == 0, done.stdout + done.stderr
            shutil.copy(board / "demo.html", folder / "demo.html")
            shutil.copy(folder / "network/network_manifest.json", folder / "manifest.json")
    return folder


@pytest.fixture(scope="session")
def digits_server(digits_folder: Path) -> Iterator[Server]:
    """A demo of that network in QEMU."""
    elf = digits_folder / "mps2_an500-validate" / "firmware.elf"
    tests = str(digits_folder / "model" / "reference_test.npz")
    more = ("--normalize", "0.5,0.5", "--reference", tests)
    words = demo_of("mps2_an500", elf, digits_folder, *more)
    with serving(words) as server:
        yield server


OpenTab = Callable[[], Page]


@pytest.fixture
def tab(browser: Browser, digits_server: Server) -> Iterator[OpenTab]:
    """tab(): another page of the demo that is ready; complaints of any fail the test."""
    context = browser.new_context(has_touch=True)
    complaints: list[str] = []
    foreign: list[str] = []

    def watch(page: Page) -> None:
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: foreign.append(request.url))

    def open_tab() -> Page:
        page = context.new_page()
        watch(page)
        page.goto(digits_server.url)
        page.get_by_text("ready", exact=True).wait_for()
        return page

    yield open_tab
    context.close()
    assert not complaints
    assert not [url for url in foreign if not url.startswith((digits_server.url, "blob:"))]
