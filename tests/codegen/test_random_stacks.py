"""A bounded sample of random stacks of convolutions; `stack_campaign` runs thousands."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from codegen.plan import plan_network
from codegen.target import CORTEX_M7
from tests.codegen.random_stacks import MACS
from tests.codegen.stack_campaign import campaign, stack_case

SEED = 1


@pytest.mark.parametrize(("board", "stacks"), [("host", 20), ("mps2_an500", 12)])
def test_sample(board: str, stacks: int) -> None:
    """Other stacks on each board."""
    first = 0 if board == "host" else 10_000
    report = campaign(SEED, range(first, first + stacks), board)
    assert report.findings == {}
    assert report.networks == stacks and report.outputs > 20 * stacks


def test_stacks_reach_every_fast_kernel(tmp_path: Path) -> None:
    seen: Counter[str] = Counter()
    for number in range(120):
        _, case = stack_case(SEED, number, tmp_path)
        plan = plan_network(case.graph, case.kernels, CORTEX_M7)
        seen.update(step.lowered.kernel for step in plan.steps)
        assert sum(op.macs for op in case.graph.ops) <= MACS
    assert {"quads", "quad rows", "packed", "planes", "integers"} <= set(seen)
