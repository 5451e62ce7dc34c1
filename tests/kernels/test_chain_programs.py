"""Generated networks with fast kernels as programs: C with sanitizers, assembly on a board."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from codegen.kernels.fully_connected.chain.operation import STEM, FullyConnectedChain
from codegen.plan import plan_network
from tests.codegen.programs import Case, run_cases
from tests.kernels.networks import Network
from tests.kernels.random_chains import networks
from tests.kernels.test_chain_unicorn import network


def packed(seed: int, count: int, most_macs: int) -> list[Network]:
    """The first `count` random networks of a seed that have a chain and are small."""
    found = [
        each
        for each in networks(seed, 0, 3 * count, most_macs)
        if any(s.lowered.stem == STEM for s in plan_network(each.graph, each.kernels).steps)
    ]
    assert len(found) >= count
    return found[:count]


def in_pairs() -> Network:
    """A dense layer whose outputs are made two by two, in several blocks: three registers cannot
    hold four of its sums."""
    rng = np.random.default_rng(3)
    weights = rng.integers(-9, 10, (11, 400))
    weights[::2] = np.where(rng.random((6, 400)) < 0.9, 127, -127)
    made = network([weights], "dense")
    (step,) = plan_network(made.graph, made.kernels).steps
    assert isinstance(step.lowered.op, FullyConnectedChain)
    assert [member.choice.split for member in step.lowered.op.chain.members] == ["bytes"]
    return made


def check(made: list[Network], folder: Path, board: str) -> None:
    """Run all in one program; outputs are the reference's and do not depend on the arena's past."""
    cases = [
        Case(f"n{number}", each.graph, each.inputs, each.kernels)
        for number, each in enumerate(made)
    ]
    for case, outputs in zip(cases, run_cases(cases, folder, board), strict=True):
        assert np.array_equal(outputs, case.expected), case.graph


def test_plain_c_with_sanitizers(tmp_path: Path) -> None:
    """The same packed data, read in C: no access beside a buffer, no undefined behaviour."""
    check([*packed(201, 6, 20_000), in_pairs()], tmp_path, "host")


@pytest.mark.parametrize("board", ["mps2_an500"])
def test_on_an_emulated_board(board: str, tmp_path: Path) -> None:
    """Through the public interface and the linker script."""
    check(packed(202, 3, 20_000), tmp_path, board)
