"""The small models of the Cortex-M7, against those of the benchmark whose rules they have."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from codegen.generate import network_context
from codegen.kernels.conv.depthwise_order import _node
from codegen.kernels.conv.depthwise_row import Instruction
from codegen.kernels.conv.depthwise_rows import DepthwiseRows, RoutineFields
from codegen.kernels.conv.two_a_cycle import MODELS, Model, Timing, timed
from codegen.outputs import ASSEMBLY, LEGACY, TEMPLATES
from codegen.plan import plan_network
from codegen.render import render
from device.bench import dual_issue, mca
from tests.ops.conftest import read
from tests.ops.test_depthwise_planes import AUTO, SAME
from tests.ops.test_depthwise_rows import rows_of

# Rounds of a row, so that its begin meets its end.
ROUNDS = 12
SIZES = {"five": (8, 6, 5), "two_apart": (8, 7, 12), "twelve": (8, 4, 12)}


@pytest.fixture(params=SIZES)
def layer(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[RoutineFields, str]:
    """A layer with channels of all kinds, and its assembly."""
    monkeypatch.setattr(DepthwiseRows, "cost", lambda *_: 0.0)  # however small it is
    channels, *size = SIZES[request.param]
    strides = [2, 2] if request.param == "two_apart" else [1, 1]
    for seed in range(40):
        build = partial(rows_of, (4 * channels, *size), (3, 3), seed=seed, strides=strides, **SAME)
        plan = plan_network(read(build(), tmp_path, check=False), AUTO)
        fields = plan.steps[0].lowered.fields
        if isinstance(fields, RoutineFields) and all(fields.bodies):
            net = network_context(plan, "network")
            return fields.in_order, render(TEMPLATES[LEGACY][ASSEMBLY], {"net": net})
    raise AssertionError("no layer has channels of all kinds")


def row_of(text: str, kind: str) -> list[str]:
    """A row's lines, as the benchmark reads them off a disassembly."""
    found = re.search(rf"^\.L\w+_{kind}_row:\n(.*?)^    bne ", text, re.DOTALL | re.MULTILINE)
    assert found
    lines = [re.sub(r"\s+", " ", line.strip()) for line in found[1].splitlines()]
    return [*lines, "b somewhere"]


def by(model: Model, fields: RoutineFields, place: int) -> int:
    """Cycles of a row by one of the small models."""
    body = fields.bodies[place]
    assert body
    (segment,) = body.segments
    steps = timed(map(_node, segment.instructions))
    only = [(each[MODELS.index(model)],) * len(MODELS) for each in steps]
    return Timing(only).cycles(range(len(only))) // len(MODELS)


def test_they_tell_what_the_benchmark_estimates(layer: tuple[RoutineFields, str]) -> None:
    """Of a row, and the branch that ends it."""
    fields, text = layer
    ours, theirs = [], []
    for place, kind in enumerate(("integers", "raised", "float")):
        row = row_of(text, kind)
        found = mca.cycles(row * ROUNDS)
        assert found is not None
        ours.append([by(model, fields, place) for model in MODELS])
        theirs.append([found / ROUNDS, dual_issue.cycles(row * ROUNDS) / ROUNDS])
    of_mca, of_rules = (np.array(theirs) - np.array(ours)).T
    assert np.abs(of_rules).max() <= 1.1, "the branch, or half a cycle that the next row begins in"
    shares = np.abs(of_mca) / [each[0] for each in theirs]
    assert shares[:2].max() <= 0.04
    assert shares[2] <= 0.12, "the FPU's rules are not all there"


SHIFTED = Instruction("raise", 2)
READERS = {
    Instruction("clip", 2): (1, 2),
    Instruction("shift", 2, 3): (2, 2),
    Instruction("add", 4, 2, 6, "d"): (1, 1),
    Instruction("point", 2): (1, 1),
    Instruction("store", 2): (0, 0),
}


@pytest.mark.parametrize("reader", READERS, ids=lambda one: one.kind)
def test_a_shifted_value_is_there(reader: Instruction) -> None:
    """As many cycles later as llvm-mca and the measurements say, by who reads it and how."""
    latencies = [model.latencies[_node(SHIFTED).unit] for model in MODELS]
    ways = [way for register, way in _node(reader).reads if register == 2]
    assert tuple(each[ways[0]] for each in latencies) == READERS[reader]
    loop = [SHIFTED, reader]
    taken = Timing(timed(map(_node, loop))).cycles(range(2))
    assert taken == sum(1 + wait for wait in READERS[reader])
