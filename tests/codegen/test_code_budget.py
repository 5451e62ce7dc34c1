"""What `code_memory` is spent on: the pieces of generated code that save most for a byte."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from codegen.assembly import most_bytes
from codegen.generate import network_context
from codegen.ir.graph import Graph, Op
from codegen.kernels.kernel import Lowered, Piece
from codegen.kernels.wanted import Kernels
from codegen.memory.code import CodeBudget, code_bytes, limit
from codegen.outputs import ASSEMBLY, LEGACY, TEMPLATES
from codegen.plan import plan_network
from codegen.render import render
from nn2flash.cli import main
from tests.codegen.oracle import stored_inputs
from tests.codegen.programs import Case, run_cases
from tests.codegen.shapes import Shaped, shaped
from tests.ops.conftest import read

LOOP, END, ROWS = ("loop", 400), ("end", 100), ("rows", 600)


def form(cycles: float, *code: Piece) -> Lowered:
    return Lowered(Op("layer", (), ()), "conv", "some", "", own_code=code, cycles=cycles)


def layers() -> list[tuple[Lowered, ...]]:
    """Two that share an end, one of them with a loop; one with routines; none must have any."""
    return [
        (form(10.0, LOOP, END), form(20.0, END), form(100.0)),
        (form(50.0, END), form(70.0)),
        (form(5.0, ROWS), form(65.0)),
    ]


def test_without_a_limit_everything_is_allowed() -> None:
    budget = limit(layers(), None)
    assert budget == CodeBudget() and budget.allows(form(1.0, ("anything", 1 << 30)))


def test_all_that_fits_stays_and_what_layers_share_counts_once() -> None:
    assert code_bytes((LOOP, END, ROWS, END)) == 1100
    assert limit(layers(), 1100) == CodeBudget()
    budget = limit(layers(), 1099)
    assert budget.allows(form(0.0, END, ROWS)) and not budget.allows(form(0.0, LOOP))
    assert budget.offers == ((1100, 10.0),)


def test_the_cheapest_cycles_for_a_byte_go_first() -> None:
    """The loop saves 10 for 400, the routines 60 for 600, the end 100 for 100; room that is left
    is filled."""
    for allowed, pieces in ((1099, {END, ROWS}), (699, {END, LOOP}), (499, {END}), (99, set())):
        assert limit(layers(), allowed).pieces == frozenset(pieces), allowed
    assert limit(layers(), 0).offers == ((100, 100.0), (700, 160.0), (1100, 170.0))


@pytest.mark.parametrize("seed", range(20))
def test_any_limit_is_kept_and_offers_are_kept_too(seed: int) -> None:
    random = np.random.default_rng(seed)
    pieces = [(f"piece {n}", int(size)) for n, size in enumerate(random.integers(1, 90, 6))]
    made = []
    for _ in range(5):
        sizes = random.integers(0, 4, 3)
        code = [tuple(pieces[i] for i in random.choice(6, n, replace=False)) for n in sizes]
        forms = [form(float(random.integers(1, 50)), *each) for each in code]
        made.append((*forms, form(60.0)))
    allowed = int(random.integers(0, 200))

    def cycles(budget: CodeBudget) -> float:
        return sum(min(f.cycles for f in each if budget.allows(f)) for each in made)

    budget = limit(made, allowed)
    everything = {piece for forms in made for each in forms for piece in each.code}
    assert code_bytes(everything if budget.pieces is None else budget.pieces) <= allowed
    for size, saved in budget.offers:
        assert size > allowed
        assert cycles(limit(made, size)) <= cycles(budget) - saved < cycles(budget)


def mixed() -> Shaped:
    """A first layer, depthwise and pointwise layers, a window, a pool."""
    net = Shaped(3, 10, 12).conv(8).depthwise().conv(8, (1, 1), 1, (0, 0, 0, 0))
    return net.conv(12).pool().conv(6)


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    return read(mixed(), tmp_path_factory.mktemp("mixed"))


def test_the_same_bytes_within_every_limit(graph: Graph, tmp_path: Path) -> None:
    """On an emulated Cortex-M7, with tables and without; what a limit takes is told."""
    fastest = plan_network(graph, Kernels("auto"))
    offers = plan_network(graph, Kernels("auto", code_memory=0)).more_code
    sizes = (0, *(size for size, _ in offers))
    assert sizes[-1] == fastest.code_bytes > 3000 and len(sizes) > 4
    inputs = stored_inputs(graph, 1, 6)
    cases, speeds = [], []
    for allowed in sizes:
        for tables in (0, 1 << 14):
            kernels = Kernels("auto", table_memory=tables, code_memory=allowed)
            plan = plan_network(graph, kernels)
            assert plan.code_bytes <= allowed
            cases.append(Case(f"c{allowed}_{tables}", graph, inputs, kernels))
            if not tables:
                speeds.append(sum(step.lowered.cycles for step in plan.steps))
                lost = [s for s in plan.steps if "more code than code_memory" in s.lowered.why]
                assert bool(lost) == (allowed < sizes[-1])
    assert speeds == sorted(speeds, reverse=True) and speeds[-1] < 0.7 * speeds[0]
    for case, computed in zip(cases, run_cases(cases, tmp_path, "mps2_an500"), strict=True):
        np.testing.assert_array_equal(computed, case.expected, case.name)


@pytest.mark.parametrize("name", ["KWS", "VWW", "mbv2s"])
def test_routines_take_no_more_than_they_say(name: str, tmp_path: Path) -> None:
    """As the assembler has them at most; beside them stands what is no convolution's."""
    graph = shaped(name, tmp_path)

    def assembly(code_memory: int | None) -> tuple[int, int]:
        plan = plan_network(graph, Kernels("auto", code_memory=code_memory))
        text = render(TEMPLATES[LEGACY][ASSEMBLY], {"net": network_context(plan, "network")})
        told = {piece for step in plan.steps for piece in step.lowered.code}
        return most_bytes(text), code_bytes(p for p in told if p[0].startswith("routines "))

    most, told = assembly(None)
    beside, none = assembly(0)
    assert none == 0
    assert most - beside <= told < 2 * (most - beside)


def test_it_is_an_option_and_analyze_tells_what_more_would_buy(
    graph: Graph, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = str(mixed().save(tmp_path / "mixed.onnx"))
    page = tmp_path / "page.html"
    offers = plan_network(graph, Kernels("auto", code_memory=2048)).more_code
    words = ["analyze", model, "--code-memory", "2K", "--html", str(page)]
    assert not main(words)
    shown = capsys.readouterr().out
    told = ", ".join(f"{size:,} {percent:.1f} %" for size, percent in offers)
    assert "generated for convolutions; fewer cycles, estimated, with " + told in shown
    assert "; quad" in shown and "more code than code_memory has room for" in shown
    assert "With <code>code_memory=</code>" in page.read_text(encoding="utf-8")
    assert not main(["generate", model, "--code-memory", "2K", "--out-dir", str(tmp_path)])
    report = (tmp_path / "network_generate_report.txt").read_text()
    assert (
        f"code_memory={offers[0][0]:<11d} {offers[0][1]:5.1f} % fewer cycles, estimated" in report
    )
    assert not main(["analyze", model])
    assert "code_memory" not in capsys.readouterr().out
