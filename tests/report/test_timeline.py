"""Memory over time: the planner's own live ranges, drawn to scale."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from codegen.generate import manifest
from codegen.kernels.wanted import Kernels
from codegen.memory.forms import Offer, Trade, offers
from codegen.plan import Plan, plan_network
from codegen.reader.qdq import read_graph
from codegen.report.timeline import BOX, _rectangle, timeline
from tests.codegen import graphs
from tests.codegen.shapes import shaped
from tests.report.conftest import MANIFEST, Build
from tests.report.test_report import Page


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """LeNet-5: views, scratch, overlapping tensors, forms to choose from."""
    return plan_network(shaped("LeNet-5", tmp_path_factory.mktemp("shapes")), Kernels("auto"))


def test_it_is_drawn_to_scale() -> None:
    drawn = timeline(MANIFEST)
    assert drawn is not None
    left, top, right, bottom = BOX
    column, byte = (right - left) / 5, (bottom - top) / 40
    first, scratch, hidden, out = drawn.rectangles
    assert first.x == left and first.width == pytest.approx(2 * column, abs=0.1)
    assert first.y + first.height == pytest.approx(bottom, abs=0.1)
    assert first.height == pytest.approx(20 * byte, abs=0.1)
    assert hidden.y + hidden.height == pytest.approx(bottom - 20 * byte, abs=0.1)
    assert hidden.width == pytest.approx(4 * column, abs=0.1)
    assert scratch.y == pytest.approx(top, abs=0.1)
    assert out.x + out.width == pytest.approx(right, abs=0.1)
    assert out.steps == ("1, gemm_1", "the end")
    assert drawn.used == 40 and drawn.when == "0, gemm_0"


def test_other_sizes_are_compared_with_what_is_now() -> None:
    drawn = timeline(MANIFEST)
    assert drawn is not None
    found = [(o.bytes, o.more, round(o.faster, 2), o.now) for o in drawn.offers]
    assert found == [(32, -8, -7.84, False), (40, 0, 0.0, True), (64, 24, 1.96, False)]


def test_vendor_code_tells_no_live_ranges() -> None:
    assert timeline({**MANIFEST, "memory": None}) is None
    assert timeline({key: MANIFEST[key] for key in MANIFEST if key != "memory"}) is None


def test_the_manifest_has_the_planners_live_ranges(plan: Plan) -> None:
    memory = manifest(plan, "network")["memory"]
    lives, packing = plan.layout.lives, plan.layout.packing
    told = sorted((b["offset"], b["bytes"], b["first"], b["last"]) for b in memory["buffers"])
    planned = [(packing.offsets[b.name], b.size, b.first, b.last) for b in lives.buffers]
    assert told == sorted(planned)
    assert {b["kind"] for b in memory["buffers"]} == {"input", "output", "tensor", "scratch"}
    assert max(b["offset"] + b["bytes"] for b in memory["buffers"]) <= plan.arena_size
    assert len(memory["steps"]) == len(plan.steps)


def test_more_memory_buys_cycles(plan: Plan) -> None:
    """Up to the fastest forms; what was taken is one of the sizes."""
    memory = manifest(plan, "network")["memory"]
    sizes = [each["bytes"] for each in memory["others"]]
    slower = [each["slower_percent"] for each in memory["others"]]
    assert sizes == sorted(sizes) and slower == sorted(slower, reverse=True)
    assert sizes[-1] == plan.trade.fastest and slower[-1] == 0
    assert memory["needed"] in memory["others"] and len(sizes) > 2


def test_each_size_has_its_cheapest_choice() -> None:
    """By hand: two steps, three forms and one."""
    first = (Offer(100, 0), Offer(60, 5), Offer(30, 40))
    second = (Offer(50, 0), Offer(40, 10))
    trade = Trade(None, (), (), 100, 0, 1000, (first, second))  # type: ignore[arg-type]
    assert offers([trade]) == (Offer(40, 50), Offer(50, 40), Offer(60, 5), Offer(100, 0))
    better = Trade(None, (), (), 100, 0, 1000, ((Offer(45, 1),),))  # type: ignore[arg-type]
    assert offers([trade, better]) == (Offer(40, 50), Offer(45, 1), Offer(100, 0))


def test_a_view_and_two_ends_of_each_kind(tmp_path: Path) -> None:
    graphs.two_in_two_out().save(tmp_path / "m.onnx")
    small = plan_network(read_graph(tmp_path / "m.onnx"), Kernels("auto"))
    memory = manifest(small, "network")["memory"]
    kinds = [buffer["kind"] for buffer in memory["buffers"]]
    assert kinds.count("input") == 2 and kinds.count("output") == 2
    assert timeline(manifest(small, "network")) is not None


def test_the_page_shows_it(build: Build) -> None:
    assert build.report().returncode == 0
    (drawn,) = re.findall(r'<figure class="timeline">(.*?)</figure>', build.html, re.DOTALL)
    assert drawn.count('class="buffer ') == 4
    words = Page(build.html).words()
    assert "hidden tensor 20 9 0, gemm_0 1, gemm_1" in words
    assert "Most is in use at step 0, gemm_0: 40 bytes" in words
    assert "32 -8 +7.84 %" in words and "64 +24 -1.96 %" in words


@pytest.mark.parametrize(("column", "shown"), [(36.0, "conv"), (35.9, "")])
def test_a_name_that_does_not_fit_in_its_rectangle_is_left_out(column: float, shown: str) -> None:
    """Four letters of seven and a margin of four on either side."""
    buffer = {"name": "conv", "kind": "output", "first": 1, "last": 1, "offset": 0, "bytes": 20}
    assert _rectangle(buffer, ("a", "b"), column, 1.0).text == shown
