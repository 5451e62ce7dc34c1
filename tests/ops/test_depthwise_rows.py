"""3 x 3 depthwise convolutions by routines of the network's own: the reference's bytes."""

from __future__ import annotations

from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from codegen.generate import network_context
from codegen.kernels.conv import depthwise_code
from codegen.kernels.conv.depthwise_row import Finish
from codegen.kernels.conv.depthwise_rows import (
    DepthwiseRows,
    band_of,
    plane_bytes,
    requantization,
    row_of,
)
from codegen.kernels.conv.depthwise_rows import _prepared as prepared
from codegen.ops.conv import Conv
from codegen.outputs import ASSEMBLY, LEGACY, TEMPLATES
from codegen.plan import plan_network
from codegen.render import render
from codegen.target import CORTEX_M7, Target, named_target
from tests.codegen.models import QdqModel
from tests.codegen.programs import ALIGNED, CORES, Case, run_cases
from tests.codegen.shapes import shaped
from tests.ops.conftest import Read, read_variants
from tests.ops.test_conv import Build
from tests.ops.test_depthwise_planes import AUTO, SAME, depthwise
from tests.sampled import sampled


def rows_of(*arguments: Any, **attributes: Any) -> QdqModel:
    """A depthwise layer without ties, which no integers round as float32 does."""
    return depthwise(*arguments, unit=0.83, **attributes)


def random_rows(seed: int) -> QdqModel:
    """Any layer that the kernel takes."""
    rng = np.random.default_rng(seed)
    channels, height = int(rng.integers(4, 10)), int(rng.integers(1, 12))
    width = int(rng.integers(1, 70 if seed % 3 == 0 else 14))
    dilation = int(rng.integers(1, 3))
    reach = (2 * dilation + 1, 3)
    before = [int(rng.integers(0, side)) for side in reach]
    after = [
        max(int(rng.integers(0, side)), side - size - near)
        for side, near, size in zip(reach, before, (height, width), strict=True)
    ]
    build = depthwise if seed % 5 == 0 else rows_of
    return build(
        (channels, height, width),
        (3, 3),
        seed=seed,
        zero_point=int(rng.integers(-128, 128)),
        strides=[int(rng.integers(1, 4)), int(rng.integers(1, 3))],
        dilations=[dilation, 1],
        pads=[*before, *after],
    )


TWO: dict[str, Any] = {"strides": [2, 2]}
VARIANTS: dict[str, Build] = {
    "keywords": partial(rows_of, (8, 25, 5), (3, 3), **SAME),
    "in_bands": partial(rows_of, (8, 40, 41), (3, 3), **SAME),
    "in_bands_of_two": partial(rows_of, (6, 40, 42), (3, 3), **TWO, **SAME),
    "in_a_loop": partial(rows_of, (5, 3, 75), (3, 3), **SAME),
    "in_a_loop_of_two": partial(rows_of, (5, 5, 76), (3, 3), pads=[0, 0, 1, 1], **TWO),
    "many_channels": partial(rows_of, (700, 3, 9), (3, 3), **SAME),
    "many_channels_of_two": partial(rows_of, (1001, 4, 8), (3, 3), **TWO, **SAME),
    "most_channels": partial(rows_of, (2047, 2, 5), (3, 3), **SAME),
    "longest": partial(rows_of, (4, 1, 224), (3, 3), pads=[2, 1, 0, 1]),
    "one_column": partial(rows_of, (4, 5, 1), (3, 3), **SAME),
    "two_columns": partial(rows_of, (4, 5, 2), (3, 3), **SAME),
    "one_output": partial(rows_of, (5, 3, 3), (3, 3)),
    "clip": partial(rows_of, (4, 6, 5), (3, 3), clip=(-0.5, 0.75), **SAME),
}
RANDOM = {f"random_{seed}": partial(random_rows, seed) for seed in range(60)}
NAMED = tuple(VARIANTS)
VARIANTS |= RANDOM


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Read]:
    return read_variants(VARIANTS, tmp_path_factory.mktemp("read"))


@pytest.mark.parametrize(
    ("board", "core", "further"),
    [
        ("host", "", ()),
        ("mps2_an500", "", ()),
        ("mps2_an500", "", ALIGNED),
        *(("mps2_an500", core, ()) for core in CORES),
    ],
)
def test_bytes_are_the_reference_s(
    *,
    board: str,
    core: str,
    further: tuple[str, ...],
    networks: dict[str, Read],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In C with sanitizers; by assembly on an emulated Cortex-M7, M4 and M33, and where unaligned
    accesses are faults."""
    monkeypatch.setattr(DepthwiseRows, "cost", lambda *_: 0.0)  # however small the layer
    # Together the cores have all that are named.
    named = sampled(NAMED, 8, seed=(board, core, further))
    chosen = [*named, *sampled(RANDOM, 4, seed=(board, core, further))]
    cases = [Case(name, networks[name].graph, networks[name].inputs[:4], AUTO) for name in chosen]
    for case in cases:
        (step,) = plan_network(case.graph, AUTO).steps
        assert step.lowered.kernel == "rows", case.name
    computed = run_cases(cases, tmp_path, board, further, core)
    for case, outputs in zip(cases, computed, strict=True):
        np.testing.assert_array_equal(outputs, case.expected, case.name)


def reason(op: Conv, target: Target = CORTEX_M7) -> str:
    return DepthwiseRows().fits(op, target)


def test_bands_have_the_bytes_that_they_may(networks: dict[str, Read]) -> None:
    ops = {name: net.graph.ops[-1] for name, net in networks.items()}
    op = ops["in_bands"]
    assert isinstance(op, Conv)
    band = band_of(op)
    assert plane_bytes(op, band) <= 2048 < plane_bytes(op, band + 1)
    assert plane_bytes(op, 1) == 4 * 3 * 21 * 4, "four channels, three rows, 41 columns"


def test_channels_are_of_all_kinds(networks: dict[str, Read]) -> None:
    """Or the test above proves one way of requantization only."""
    ops = [op for net in networks.values() for op in net.graph.ops[-1:] if isinstance(op, Conv)]
    kinds = {tuple(bool(kind.any()) for kind in requantization(op).kinds) for op in ops}
    assert {(True, False, False), (True, True, False), (True, True, True)} <= kinds


def test_what_does_not_fit_says_why(tmp_path: Path) -> None:
    far = "not 3 x 3, one or two pixels apart"
    variants: dict[str, tuple[Build, str]] = {
        "fits": (partial(rows_of, (4, 6, 6), (3, 3)), ""),
        "wide": (partial(rows_of, (4, 6, 6), (3, 3), dilations=[1, 2]), far),
        "five": (partial(rows_of, (4, 6, 6), (5, 5)), far),
        "three": (partial(rows_of, (4, 9, 9), (3, 3), strides=[3, 3]), far),
        "few": (partial(rows_of, (3, 6, 6), (3, 3)), "fewer than four channels"),
        "long": (
            partial(rows_of, (4, 3, 260), (3, 3)),
            "rows beyond an instruction's reach",
        ),
        "many": (
            partial(rows_of, (2048, 3, 3), (3, 3)),
            "rows beyond an instruction's reach",
        ),
    }
    networks = read_variants({name: build for name, (build, _) in variants.items()}, tmp_path)
    ops = {name: net.graph.ops[-1] for name, net in networks.items()}
    found = {name: reason(op) for name, op in ops.items() if isinstance(op, Conv)}
    assert found == {name: why for name, (_, why) in variants.items()}
    (fits,) = [op for name, op in ops.items() if name == "fits" and isinstance(op, Conv)]
    without = "no instruction for two products, or no FPU"
    assert reason(fits, named_target("cortex-m3", fpu=False)) == without
    assert reason(fits, named_target("cortex-m4", fpu=False)) == without


def test_a_row_is_written_once_however_often_it_is_asked_for(tmp_path: Path) -> None:
    """Each processor that `analyze` tells of weighs the same rows again, several times."""
    graph = shaped("VWW", tmp_path)
    depthwise_code.body.cache_clear()
    for core in ("cortex-m4", "cortex-m7"):
        plan_network(graph, AUTO, named_target(core, fpu=True))
    counted = depthwise_code.body.cache_info()
    rows = 2 * sum(isinstance(op, Conv) and op.groups > 1 for op in graph.ops)
    assert 0 < counted.misses <= rows < counted.hits


def test_rows_are_split_once_and_once_more_for_each_turn_that_shares_them(tmp_path: Path) -> None:
    """What bands cost beside their sums: 65 and 26 a channel; two rows of three are another turn's,
    too."""
    build = partial(rows_of, (8, 9, 7), (3, 3), strides=[1, 2], pads=[1, 1, 1, 1])
    op = read_variants({"op": build}, tmp_path)["op"].graph.ops[-1]
    assert isinstance(op, Conv)
    fours, split = 2, 8.0 + 12.0 * row_of(op).words
    assert prepared(op, 9) == fours * ((1 + 9 + 1) * split + 65.0) + 8 * 26.0
    (whole,), (three,) = (DepthwiseRows().in_strips(op, CORTEX_M7, n) for n in (9, 3))
    more = prepared(op, 3) - prepared(op, 9) + (3 - 1) * 2 * fours * split
    assert three.slower - whole.slower == pytest.approx(more)


def test_layers_of_equal_numbers_share_routines(tmp_path: Path) -> None:
    """Their code is there once, in C's eyes and in the budget's."""
    graph = shaped("VWW", tmp_path)
    plan = plan_network(graph, AUTO)
    lowered = [each for step in plan.steps for each in (step.lowered, *step.lowered.passed)]
    layers = [each for each in lowered if each and each.routines]
    distinct = {each.fields.routine for each in layers}
    text = render(TEMPLATES[LEGACY][ASSEMBLY], {"net": network_context(plan, "network")})
    assert text.count("_rows:\n    push") == len(distinct) < len(layers) == 13
    pieces = {piece for each in layers for piece in each.code if piece[0].startswith("routines")}
    assert len(pieces) == len(distinct)


def kinds_of(op: Conv, finish: Finish) -> list[str]:
    """What the instructions of a row do, in their order."""
    written = depthwise_code.body(row_of(op), 100, 100, finish, 3)
    return [each.kind for segment in written.segments for each in segment.instructions]


def test_constants_that_stay_in_registers_are_not_loaded_again(tmp_path: Path) -> None:
    """Of integers, two pixels apart; elsewhere the registers are others'."""
    variants = {s: partial(rows_of, (4, 9, 9), (3, 3), strides=[s, s]) for s in (1, 2)}
    networks = read_variants({str(s): build for s, build in variants.items()}, tmp_path)
    loaded: dict[tuple[int, str], set[str]] = {}
    for stride in (1, 2):
        op = networks[str(stride)].graph.ops[-1]
        assert isinstance(op, Conv)
        for finish in ("integers", "floats"):
            loaded[stride, finish] = {"factor", "addend"} & {*kinds_of(op, finish)}
    assert loaded == {
        (1, "integers"): {"factor", "addend"},
        (2, "integers"): set(),
        (1, "floats"): {"addend"},
        (2, "floats"): {"addend"},
    }


def test_six_sums_are_in_the_fpu_together(tmp_path: Path) -> None:
    """Fewer at a row's end: one alone would be waited for."""
    op = read_variants({"op": partial(rows_of, (4, 3, 22), (3, 3))}, tmp_path)["op"].graph.ops[-1]
    assert isinstance(op, Conv)
    kinds = kinds_of(op, "floats")
    runs = [len([*run]) for kind, run in groupby(kinds) if kind == "convert"]
    assert runs == [6, 6, 6, 2]
