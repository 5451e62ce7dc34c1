"""Plans of random graphs: no byte is overwritten while somebody may still read it."""

from __future__ import annotations

import numpy as np
import pytest

from codegen.ir.graph import Graph
from codegen.memory.homes import Homes
from codegen.memory.layout import Layout
from codegen.memory.places import Arena
from tests.codegen import random_plans
from tests.codegen.random_plans import aliases_of, distance, plan, play, random_graph

PLANS = 250


def graph(number: int) -> Graph:
    return random_graph(np.random.default_rng([7, number]))


def test_every_plan_is_played() -> None:
    assert {number: play(graph(number)) for number in range(PLANS)} == dict.fromkeys(
        range(PLANS), ""
    )


def test_the_arena_is_as_small_as_its_bound() -> None:
    """Or it says by how much it is not, and at which time that bound is."""
    packings = [plan(graph(number))[0].packing for number in range(PLANS)]
    missed = [each for each in packings if each.size > max(each.bound.bytes, 4)]
    assert len(missed) <= PLANS // 50
    assert all(each.bound.time >= 0 and each.tries > 0 for each in missed)


def test_the_graphs_have_what_no_operator_has_yet() -> None:
    """Sharing of every kind really happens in the plans that were played."""
    overlapped = shared = joined = moved = copied = 0
    for number in range(PLANS):
        one = graph(number)
        layout, steps = plan(one)
        homes = Homes(one, aliases_of)
        copied += sum(not isinstance(op, random_plans.Synthetic) for op in one.ops)
        for op in one.ops:
            if aliases_of(op):
                joined += homes.vanishes(op)
                moved += not homes.vanishes(op)
        for op in steps:
            if isinstance(op, random_plans.Synthetic) and op.reads:
                source, target = layout.in_arena(op.inputs[0]), layout.in_arena(op.outputs[0])
                meets = source.offset < target.offset + op.outputs[0].bytes
                overlapped += meets and target.offset < source.offset + op.inputs[0].bytes
                shared += source == target
    assert min(overlapped, shared, joined, moved, copied) > 10


@pytest.mark.parametrize("fault", ["distance", "scratch", "views"])
def test_a_wrong_plan_is_noticed(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Faults put into what the planner is told show themselves in the memory."""
    if fault == "distance":
        monkeypatch.setattr(random_plans, "distance", lambda op: distance(op) - 8)
    elif fault == "scratch":
        monkeypatch.setattr(Layout, "scratch", lambda layout, step: Arena(0))
    else:
        told = aliases_of
        monkeypatch.setattr("codegen.memory.homes.Homes.vanishes", lambda homes, op: bool(told(op)))
    assert any(play(graph(number)) for number in range(PLANS))
