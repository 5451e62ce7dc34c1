"""`scons sim`, `validate` and `demo` of a network that is no image in and scores out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.codegen.graphs import every_end
from tests.demo.browse import serving
from tests.end_to_end.conftest import copy_beside, scons
from tests.graph.project import SCONS

COUNT = 4
# Of int8, int32 from an odd address on, and float32.
SIZE = COUNT * (5 + 4 + 3 * 4)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The network's, in which it is built once."""
    found = tmp_path_factory.mktemp("ends")
    every_end().save(found / "network.onnx")
    return found


def build(folder: Path, *words: str) -> tuple[int, str]:
    """SCons on that network; its status, and all that it printed."""
    words = (*words, f"network={folder / 'network.onnx'}", f"subset_size={COUNT}", "werror=1")
    done = scons(folder / "build", *words)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("words", "board", "c_api"),
    [
        (("validate", f"count={COUNT}", "layers=1"), "host", "legacy"),
        (("validate", f"count={COUNT}", "layers=1"), "mps2_an500", "st-ai"),
        (("sim",), "mps2_an500", "legacy"),
    ],
)
def test_all_ends_have_the_references_bytes(
    folder: Path, words: tuple[str, ...], board: str, c_api: str
) -> None:
    status, printed = build(folder, *words, f"board={board}", f"c_api={c_api}")
    assert status == 0, printed
    assert f"{SIZE}/{SIZE} output bytes identical to the reference" in printed


def test_the_demo_runs_test_inputs_of_what_cannot_be_drawn(folder: Path, browser: Browser) -> None:
    words = (f"network={folder / 'network.onnx'}", f"subset_size={COUNT}", "board=host")
    command = [SCONS, "-Q", "-C", str(copy_beside(folder / "build")), "demo", *words, "listen=0"]
    with serving(command) as server:
        page = browser.new_page()
        page.goto(server.url)
        told = "the network takes 7 bytes of int8 and 6 bytes of int8. Test inputs can be run."
        expect(page.locator("#no-input")).to_have_text(f"Nothing can be drawn or opened: {told}")
        page.get_by_role("button", name="Random test input").click()
        page.locator("body[data-answered]").wait_for()
        expect(page.locator("#tested")).to_have_text(
            re.compile(r"Test input \d+\. Every output byte is the reference's\.")
        )
        expect(page.locator("#scores tr")).to_have_count(5 + 1 + 3)
        page.close()
