"""A bounded sample of random stacks of convolutions; `stack_campaign` runs thousands."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from codegen.plan import plan_network
from codegen.target import CORTEX_M7
from support.errors import UserError
from tests.codegen import batches
from tests.codegen.programs import CORES
from tests.codegen.random_stacks import MACS
from tests.codegen.stack_campaign import campaign, stack_case

SEED = 1


# Board and core, the number of the first stack, how many.
SAMPLES = [
    ("host", "", 0, 10),
    ("mps2_an500", "", 10_000, 6),
    *(("mps2_an500", core, 20_000, 6) for core in CORES),
]


@pytest.mark.parametrize(("board", "core", "first", "stacks"), SAMPLES)
def test_sample(board: str, core: str, first: int, stacks: int) -> None:
    """On this computer with sanitizers; by assembly on an emulated Cortex-M7, M4 and M33."""
    report = campaign(SEED, range(first, first + stacks), board, core=core)
    assert report.findings == {}
    assert report.networks == stacks and report.outputs > 20 * stacks


def test_a_campaign_goes_on_where_it_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each run ends behind its first batch, the report is that of all."""
    monkeypatch.setattr(batches, "BATCH", 1)
    ran: list[int] = []

    def make(number: int, folder: Path) -> batches.Made:
        ran.append(number)
        return batches.Made(folder / "none.onnx", None, f"wrong {number}" if number == 4 else "")

    path = tmp_path / "kept.json"
    short = batches.Kept(path, {"seed": SEED}, 0.0005, "one")
    monkeypatch.setattr(
        "tests.codegen.batches.time.monotonic", iter(np.arange(0, 9, 0.02)).__next__
    )
    for count in (1, 2):
        batches.run_campaign(make, range(3, 6), kept=short)
        assert len(ran) == count
    report = batches.run_campaign(make, range(3, 6), kept=replace(short, minutes=1, revision="two"))
    assert ran == [3, 4, 5]
    assert report.findings == {4: "wrong 4"} and report.networks == 3
    with pytest.raises(UserError, match="of another campaign"):
        batches.run_campaign(make, range(3, 6), kept=replace(short, campaign={"seed": 2}))


def test_stacks_reach_every_fast_kernel(tmp_path: Path) -> None:
    seen: Counter[str] = Counter()
    for number in range(120):
        _, case = stack_case(SEED, number, tmp_path)
        plan = plan_network(case.graph, case.kernels, CORTEX_M7)
        seen.update(step.lowered.kernel for step in plan.steps)
        assert sum(op.macs for op in case.graph.ops) <= MACS
    assert {"quads", "quad rows", "packed", "planes", "integers"} <= set(seen)
