"""The page in a real browser, with firmware in QEMU behind it."""

from __future__ import annotations

import base64
import io
import os
import re
import signal
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from playwright.sync_api import FilePayload, Page, expect

from codegen.reader.qdq import read_graph
from codegen.reference import run as run_reference
from model.sources.mnist import MNIST
from tests.demo.browse import (
    FOUR,
    ONE,
    SEVEN,
    ZERO,
    Point,
    Server,
    answered,
    children,
    draw,
    places,
    read_picture,
)
from tests.demo.conftest import OpenTab
from tests.model.products import Products


def canvas(page: Page, name: str) -> npt.NDArray[np.uint8]:
    """What a canvas shows, uint8 [height, width, 4]."""
    data = page.locator(name).evaluate("canvas => canvas.toDataURL()")
    picture = Image.open(io.BytesIO(base64.b64decode(data.partition(",")[2])))
    return np.asarray(picture.convert("RGBA"))


@pytest.mark.parametrize(("strokes", "digit"), [(SEVEN, "7"), (ONE, "1"), (ZERO, "0"), (FOUR, "4")])
def test_drawn_strokes_get_the_firmwares_answer(
    tab: OpenTab, products: Products, strokes: list[list[Point]], digit: str
) -> None:
    page = tab()
    draw(page, strokes)
    assert answered(page) == digit
    # What it shows is what this network computes of the input that it shows.
    graph = read_graph(products.int8)
    grey = canvas(page, "#seen")[..., 0]
    assert grey.shape == (28, 28) and grey.max() > 200
    real = (grey.astype(np.float32) / np.float32(255) - np.float32(0.5)) / np.float32(0.5)
    stored = graph.input.quantization.quantize(real.reshape(1, -1).astype(np.float32))
    outputs = run_reference(graph, stored)[0]
    quantization = graph.output.quantization
    expected = (outputs.astype(float) - quantization.zero_point) * float(quantization.scale)
    shown = page.locator("#scores td.number").all_inner_texts()
    # The picture shows grey values, rounded once more: an output may be a step aside.
    step = float(quantization.scale) + 0.06
    assert [float(text) for text in shown] == pytest.approx(expected.tolist(), abs=step)
    assert re.fullmatch(r"[\d,]+ instructions, emulated", page.locator("#cost").inner_text())


def test_finger(tab: OpenTab) -> None:
    page = tab()
    session = page.context.new_cdp_session(page)
    (stroke,) = [places(page, stroke) for stroke in ONE]
    (x0, y0), (x1, y1) = stroke
    steps = list(zip(np.linspace(x0, x1, 12), np.linspace(y0, y1, 12), strict=True))
    for kind, points in (
        ("touchStart", steps[:1]),
        *(("touchMove", [point]) for point in steps[1:]),
        ("touchEnd", []),
    ):
        touches = [{"x": float(x), "y": float(y)} for x, y in points]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})
    assert answered(page) == "1"
    assert page.evaluate("window.scrollY") == 0


def test_keyboard_and_what_a_screen_reader_hears(tab: OpenTab) -> None:
    page = tab()
    page.keyboard.press("Tab")
    expect(page.locator("#paper")).to_be_focused()
    page.keyboard.press("Space")
    expect(page.locator("#pen")).to_have_text("pen down")
    for _ in range(16):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    expect(page.locator("#pen")).to_have_text("pen up")
    assert answered(page) == "1"
    expect(page.locator("#spoken")).to_have_text(re.compile("predicted 1, then . or ."))
    page.keyboard.press("Delete")
    expect(page.locator("#spoken")).to_have_text("empty")
    expect(page.locator("#best")).to_have_text("–")


Role = Literal["application", "button", "heading", "img", "table"]


def test_everything_has_a_name(tab: OpenTab) -> None:
    page = tab()
    draw(page, ONE)
    answered(page)
    roles: tuple[tuple[Role, str], ...] = (
        ("application", "Drawing area"),
        ("button", "Clear"),
        ("button", "Undo"),
        ("img", "The 28 by 28 picture that the network saw"),
        ("table", "What the network gives"),
        ("heading", "What the firmware says"),
    )
    for role, name in roles:
        expect(page.get_by_role(role, name=name)).to_have_count(1)
    expect(page.get_by_label("Open a picture")).to_have_count(1)
    expect(page.get_by_role("rowheader")).to_have_text([str(digit) for digit in range(10)])
    order = []
    for _ in range(7):
        page.keyboard.press("Tab")
        order.append(page.evaluate("document.activeElement.id"))
    assert {"clear", "undo", "file", "manner", "test"} <= set(order)


def test_undo_and_clear(tab: OpenTab) -> None:
    page = tab()
    draw(page, ONE)
    answered(page)
    before = canvas(page, "#paper")
    draw(page, [[(0.2, 0.5), (0.8, 0.5)]])
    assert (canvas(page, "#paper") != before).any()
    page.get_by_role("button", name="Undo").click()
    np.testing.assert_array_equal(canvas(page, "#paper"), before)
    page.get_by_role("button", name="Clear").click()
    assert not canvas(page, "#paper")[..., 3].any()
    expect(page.locator("#best")).to_have_text("–")
    page.get_by_role("button", name="Undo").click()  # nothing left: nothing happens


def test_tabs_do_not_disturb_each_other(tab: OpenTab) -> None:
    first, second, third = tab(), tab(), tab()
    start = places(first, ONE[0])[0]
    first.mouse.move(*start)
    first.mouse.down()  # in the middle of a stroke
    draw(second, SEVEN)
    draw(third, ZERO)
    assert (answered(second), answered(third)) == ("7", "0")
    first.close()
    second.get_by_role("button", name="Clear").click()
    draw(second, ONE)
    assert (answered(second), answered(third)) == ("1", "0")


def test_firmware_that_stops_and_dies_is_told_and_comes_back(
    tab: OpenTab, digits_server: Server
) -> None:
    page = tab()
    draw(page, SEVEN)
    assert answered(page) == "7"
    page.evaluate(
        """() => {
            const status = document.getElementById("status");
            window.told = [];
            new MutationObserver(() => window.told.push(status.textContent)).observe(
                status, {childList: true});
        }"""
    )
    (firmware,) = children(digits_server.process.pid)
    os.kill(firmware, signal.SIGSTOP)
    page.get_by_role("button", name="Clear").click()
    draw(page, ONE)
    expect(page.locator("#status")).to_have_text("waiting for the firmware …")
    os.kill(firmware, signal.SIGKILL)
    expect(page.locator("#best")).to_have_text("1")  # asked again without another stroke
    expect(page.locator("#status")).to_have_text("ready")
    assert any("ended by signal 9" in text for text in page.evaluate("window.told"))


def test_drawing_and_digit_on_one_screen_of_a_phone(tab: OpenTab) -> None:
    page = tab()
    page.set_viewport_size({"width": 390, "height": 740})
    draw(page, FOUR)
    assert answered(page) == "4"
    for name in ("#paper", "#status", "#best", "#seen"):
        expect(page.locator(name)).to_be_in_viewport(ratio=1)
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 390


def test_dark_and_light(tab: OpenTab) -> None:
    page = tab()
    draw(page, ONE)
    colours = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.wait_for_timeout(100)
        ink = canvas(page, "#paper")
        pen = ink[ink[..., 3] == 255][0][:3].astype(int).sum()
        paper = page.locator("#paper").evaluate("c => getComputedStyle(c).backgroundColor")
        colours.append((pen, sum(map(int, re.findall(r"\d+", paper)[:3]))))
    (light_pen, light_paper), (dark_pen, dark_paper) = colours
    assert max(light_pen, dark_paper) < 150 and min(light_paper, dark_pen) > 600


def test_file_that_is_no_picture(tab: OpenTab) -> None:
    page = tab()
    file = FilePayload(name="x.png", mimeType="image/png", buffer=b"no picture")
    page.set_input_files("#file", file)
    expect(page.locator("#status")).to_have_text("that file is no picture")
    draw(page, ONE)
    assert answered(page) == "1"


def test_test_digits_through_the_pages_own_preprocessing(
    tab: OpenTab, mnist_dir: Path, products: Products
) -> None:
    """100 digits, put on the canvas and centred by the page: few are read differently for it."""
    images, every = MNIST.read(mnist_dir)["test"]
    chosen = np.sort(np.random.default_rng(0).choice(len(every), 100, replace=False))
    pixels, labels = images[chosen, 0], every[chosen]
    graph = read_graph(products.int8)
    real = (pixels.astype(np.float32) / np.float32(255) - np.float32(0.5)) / np.float32(0.5)
    stored = graph.input.quantization.quantize(real.reshape(100, -1).astype(np.float32))
    direct = run_reference(graph, stored).argmax(axis=1)
    page = tab()
    shown = np.array([read_picture(page, image) for image in pixels])
    changed = chosen[shown != direct]
    misses = chosen[shown != labels]
    print(f"misses {misses.tolist()}; of the pictures themselves {int((direct != labels).sum())}")
    assert len(changed) <= 5, f"read differently: {changed.tolist()}"
