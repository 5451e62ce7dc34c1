"""The activations array, with scratch, input and output inside: bytes that each network may take.

Of networks of known shapes that the project makes itself. A smaller array is no fault: put it here.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from codegen.kernels.wanted import Kernels
from codegen.plan import Plan, plan_network
from codegen.reader.qdq import read_graph
from tests.codegen.programs import Case, run_cases
from tests.codegen.shapes import NETWORKS, shaped

AUTO, SMALL = Kernels("auto"), Kernels("small")
FIXTURES = Path(__file__).parents[1] / "fixtures"
PAGE = Path(__file__).parents[2] / "docs/memory.md"

# At most so many bytes.
MOST = {
    "VWW": 29_696,
    "IC": 36_864,
    "KWS": 8_448,
    "LeNet-5": 2_432,
    "mbv2s": 7_040,
    "unet": 8_000,
}


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Plan]:
    folder = tmp_path_factory.mktemp("shapes")
    return {name: plan_network(shaped(name, folder), SMALL) for name in NETWORKS}


@pytest.fixture(scope="module")
def fast_plans(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Plan]:
    """What `kernels=auto` takes."""
    folder = tmp_path_factory.mktemp("shapes")
    return {name: plan_network(shaped(name, folder), AUTO) for name in NETWORKS}


@pytest.mark.parametrize("name", MOST)
def test_the_array_is_no_larger_than_its_goal(name: str, plans: dict[str, Plan]) -> None:
    assert plans[name].arena_size <= MOST[name]


def test_fast_keyword_spotting(fast_plans: dict[str, Plan]) -> None:
    """Images of 25 x 5 x 64, and eleven rows of four channels, of three words each."""
    assert fast_plans["KWS"].arena_size <= 25 * 5 * 64 + 11 * 4 * 3 * 4


@pytest.mark.parametrize("name", NETWORKS)
def test_the_array_is_near_its_bound(name: str, plans: dict[str, Plan]) -> None:
    packing = plans[name].layout.packing
    assert packing.size <= 1.02 * packing.bound.bytes


def table(fast_plans: dict[str, Plan], plans: dict[str, Plan]) -> str:
    """What docs/memory.md shows."""
    lines = [
        "| network | fastest forms | auto | for cycles | small | for cycles | goal |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, plan in plans.items():
        trade, fast = plan.trade, fast_plans[name]
        goal = f"{MOST[name]:,}" if name in MOST else "–"
        lines.append(
            f"| {name} | {trade.fastest:,} | {fast.arena_size:,}"
            f" | {100 * fast.trade.slower / fast.trade.cycles:.1f} % | {plan.arena_size:,}"
            f" | {100 * trade.slower / trade.cycles:.1f} % | {goal} |"
        )
    return "\n".join(lines)


def test_the_page_shows_these_arrays(fast_plans: dict[str, Plan], plans: dict[str, Plan]) -> None:
    before, begin, rest = PAGE.read_text().partition("<!-- activations: begin -->\n\n")
    shown, end, after = rest.partition("\n\n<!-- activations: end -->")
    if os.environ.get("UPDATE_DOCS"):
        PAGE.write_text(before + begin + table(fast_plans, plans) + end + after)
    else:
        assert shown == table(fast_plans, plans)


def test_the_guides_network_stays_below_four_kilobytes() -> None:
    graph = read_graph(FIXTURES / "guide_int8.onnx")
    assert plan_network(graph, AUTO).arena_size < 4096


def test_smaller_arrays_cost_what_the_plan_says(
    fast_plans: dict[str, Plan], plans: dict[str, Plan]
) -> None:
    """For each percent of its array no network gives more than 0.12 percent of its estimated
    cycles, 1 where RAM goes before speed, and each tells how many."""
    for price, plan in [(0.12, each) for each in fast_plans.values()] + [
        (1.0, each) for each in plans.values()
    ]:
        trade = plan.trade
        assert trade.slower == sum(step.slower for step in trade.steps)
        saved = 1 - trade.needed / trade.fastest
        assert 0 <= trade.slower <= price * saved * trade.cycles
        assert trade.needed <= trade.fastest
    assert plans["KWS"].trade.needed < fast_plans["KWS"].trade.needed
    assert fast_plans["VWW"].trade.needed < fast_plans["VWW"].trade.fastest


def test_networks_in_small_arrays_give_the_references_bytes(tmp_path: Path) -> None:
    """On this computer with sanitizers: inputs are overwritten, layers share bytes."""
    cases = []
    for name in NETWORKS:
        graph = shaped(name, tmp_path)
        rng = np.random.default_rng(len(name))
        inputs = rng.integers(-128, 128, (2, graph.input_bytes)).astype(np.int8)
        cases.append(Case(name.lower().replace("-", ""), graph, inputs, SMALL))
    assert {case.name for case in cases} == {"vww", "ic", "kws", "lenet5", "mbv2s", "unet"}
    for case, outputs in zip(cases, run_cases(cases, tmp_path), strict=True):
        assert np.array_equal(outputs, case.expected), case.name
        assert len(np.unique(outputs)) > 3, case.name
