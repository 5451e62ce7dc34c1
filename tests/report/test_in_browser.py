"""The report in a real browser: offline, narrow and wide, light and dark, on paper."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page

from tests.report.conftest import Build

# The relative luminance of colours and their contrast: WCAG 2.2, 1.4.3.
_CONTRASTS = """
() => {
    const channel = (byte) => {
        const v = byte / 255;
        return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    };
    const numbers = (text) => text.match(/[\\d.]+/g).map(Number);
    const light = (c) => 0.2126 * channel(c[0]) + 0.7152 * channel(c[1]) + 0.0722 * channel(c[2]);
    const behind = (node) => {
        for (; node; node = node.parentElement) {
            const colour = numbers(getComputedStyle(node).backgroundColor);
            if (colour.length === 3 || colour[3] === 1) { return colour; }
        }
        return [255, 255, 255];
    };
    return [...document.querySelectorAll("h1,h2,h3,p,a,dt,dd,th,caption,figcaption,td,li,strong")]
        .filter((node) => node.textContent.trim() && !node.closest(".matrix td"))
        .map((node) => {
            const [a, b] = [light(numbers(getComputedStyle(node).color)), light(behind(node))];
            return [(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), node.textContent.trim()];
        });
}
"""


@pytest.fixture
def page(browser: Browser, build: Build) -> Iterator[Page]:
    """The report, without a network; requests for anything else fail the test."""
    assert build.report().returncode == 0
    context = browser.new_context(offline=True)
    opened = context.new_page()
    asked: list[str] = []
    complaints: list[str] = []
    opened.on("request", lambda request: asked.append(request.url))
    opened.on("console", lambda message: complaints.append(message.text))
    opened.goto(build.path("report.html").as_uri())
    yield opened
    context.close()
    assert not complaints
    assert not [url for url in asked[1:] if not url.startswith("data:")]


@pytest.mark.parametrize("width", [1400, 800, 380])
def test_nothing_sticks_out_at_the_side(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    assert page.evaluate("document.scrollingElement.scrollWidth") <= width
    # Nor out of its card; tables that are too wide scroll inside of theirs.
    drawn = page.locator("section svg, section .scroll, section ul")
    assert drawn.count() > 5
    for box in drawn.all():
        edges = box.evaluate(
            "e => [e, e.closest('section')].map(n => n.getBoundingClientRect().right)"
        )
        assert edges[0] <= edges[1]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read(page: Page, scheme: Literal["light", "dark"]) -> None:
    page.emulate_media(color_scheme=scheme)
    contrasts = page.evaluate(_CONTRASTS)
    assert len(contrasts) > 50
    weak = [(round(value, 1), text[:40]) for value, text in contrasts if value < 4.5]
    assert not weak


def test_prints_on_several_pages(page: Page) -> None:
    pdf = page.pdf(format="A4")
    assert pdf.startswith(b"%PDF") and pdf.count(b"/Type /Page\n") + pdf.count(b"/Type /Page ") >= 2
    page.emulate_media(media="print")
    assert not page.locator("nav").is_visible()


def test_paper_cuts_nothing_and_is_white_in_the_dark(page: Page) -> None:
    page.set_viewport_size({"width": 700, "height": 1000})  # A4 without its margins
    page.emulate_media(media="print", color_scheme="dark")
    tables = page.locator(".scroll:visible")
    assert tables.count() > 2
    for table in tables.all():
        assert table.evaluate("e => e.scrollWidth <= e.clientWidth")
    weak = [(value, text[:40]) for value, text in page.evaluate(_CONTRASTS) if value < 4.5]
    assert not weak


def test_links_lead_to_their_sections(page: Page) -> None:
    for link in page.locator("nav a").all():
        link.click()
        target = page.locator(page.url.partition("#")[2] and f"#{page.url.partition('#')[2]}")
        assert target.is_visible()


def test_captions_are_read_whole_on_a_phone(page: Page) -> None:
    page.set_viewport_size({"width": 380, "height": 900})
    captions = page.locator("caption")
    assert captions.count() > 2
    for caption in captions.all():
        ends = caption.evaluate(
            "e => [e, e.closest('section')].map(n => n.getBoundingClientRect().right)"
        )
        assert ends[0] <= ends[1]


def test_print_shows_everything(page: Page) -> None:
    page.emulate_media(media="print")
    details = page.locator("details")
    assert details.count() == 3
    assert all(each.locator("table").is_visible() for each in details.all())
