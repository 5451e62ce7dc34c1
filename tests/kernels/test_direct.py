"""Fully connected layers by themselves, which read bytes where they are: arrays without scratch."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from codegen.ir.graph import Graph, Op, tensor
from codegen.ir.types import Quantization
from codegen.kernels.fully_connected.chain import direct_loop
from codegen.kernels.fully_connected.chain.direct import plan_direct
from codegen.kernels.fully_connected.chain.operation import FullyConnectedChain
from codegen.kernels.fully_connected.chain.plan import Member
from codegen.kernels.wanted import Kernels
from codegen.ops.fully_connected import FullyConnected
from codegen.plan import Plan, plan_network
from codegen.reader.qdq import read_graph
from tests.codegen.programs import CORES, Case, run_cases
from tests.kernels.emulated import differences, machine_with, plan_all
from tests.kernels.networks import Network, random_inputs
from tests.kernels.test_chain_unicorn import layer, network

ENDS = -128, 127
AUTOENCODER = Path(__file__).parents[1] / "fixtures" / "autoencoder_int8.onnx"


def made(
    *sizes: int, wanted: str = "small", scale: float = 0.5, ends: tuple[int, int] = ENDS
) -> Network:
    """Layers with so many inputs and outputs, without typical inputs.

    Args:
        scale: of what they write; that of the first input is 0.02.
        ends: smallest and largest output byte of the last layer.
    """
    rng = np.random.default_rng([31, *sizes])
    first = value = tensor("x", (1, sizes[0]), Quantization(np.float32(0.02), -128))
    ops: list[Op] = []
    for index, (inputs, outputs) in enumerate(pairwise(sizes)):
        weights = rng.integers(-60, 61, (outputs, inputs))
        low, high = ends if index == len(sizes) - 2 else ENDS
        ops.append(layer(value, weights, scale, low=low, high=high))
        value = ops[-1].output
    graph = Graph((first,), (value,), tuple(ops), "by_hand.onnx")
    return Network(graph, Kernels(wanted), random_inputs(rng, sizes[0], 24, -128))


def planned(given: Network) -> Plan:
    return plan_network(given.graph, given.kernels)


def kernels(plan: Plan) -> list[str]:
    return [layer.kernel for step in plan.steps for layer in step.lowered.layers]


def only_member(plan: Plan) -> Member:
    (step,) = plan.steps
    assert isinstance(step.lowered.op, FullyConnectedChain)
    (member,) = step.lowered.op.chain.members
    return member


# Every tail of outputs; turns of one to four words of inputs, one turn and several.
SIZES = [
    *(
        (inputs, outputs)
        for outputs, inputs in zip(range(1, 19), [*range(8, 44, 4)] * 2, strict=True)
    ),
    *((inputs, 70) for inputs in (8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48, 64, 100, 132)),
]


def test_every_single_size(tmp_path: Path, shared_dir: Path) -> None:
    """The assembly on an emulated Cortex-M7. Nothing beside the input, output and stack is touched:
    all end where memory does, and no byte of the array is this layer's."""
    integers = [made(*sizes, scale=0.002) for sizes in SIZES if sizes[0] <= 16]
    plans = plan_all([*(made(*sizes) for sizes in SIZES), *integers])
    assert {tuple(kernels(each.plan)) for each in plans} == {("direct",)}
    members = [only_member(each.plan) for each in plans]
    assert {direct_loop.unroll(member.layer) for member in members} == {1, 2, 3, 4}
    assert {member.integers is None for member in members} == {True, False}
    machine = machine_with(plans, tmp_path, shared_dir)
    assert [text for each in plans for text in differences(machine, each)] == []


@pytest.mark.parametrize("ends", [(-128, 90), (-100, 127), (-120, 119)])
def test_outputs_between_other_ends(
    ends: tuple[int, int], tmp_path: Path, shared_dir: Path
) -> None:
    plans = plan_all([made(40, 20, ends=ends)])
    assert kernels(plans[0].plan) == ["direct"]
    assert differences(machine_with(plans, tmp_path, shared_dir), plans[0]) == []


@pytest.mark.parametrize(
    ("board", "core"), [("host", ""), ("mps2_an500", ""), *(("mps2_an500", c) for c in CORES)]
)
def test_whole_networks(board: str, core: str, tmp_path: Path) -> None:
    """Inputs and outputs in the array, layers one after the other: in C with sanitizers, and the
    assembly on an emulated Cortex-M7, M4 and M33."""
    cases = []
    for number, sizes in enumerate([(40, 24, 12), (64, 8, 100, 9), (84, 20, 8, 3), (100, 101)]):
        given = made(*sizes)
        plan = planned(given)
        assert set(kernels(plan)) == {"direct"}
        assert plan.arena_size == most(sizes), "no byte beside what a layer reads and writes"
        cases.append(Case(f"n{number}", given.graph, given.inputs, given.kernels))
    for case, outputs in zip(cases, run_cases(cases, tmp_path, board, core=core), strict=True):
        assert len(np.unique(case.expected)) > 4
        np.testing.assert_array_equal(outputs, case.expected, case.name)


def most(sizes: Sequence[int]) -> int:
    """Bytes of the largest input and output of one layer, in whole words."""
    return max(-(-a // 4) * 4 + -(-b // 4) * 4 for a, b in pairwise(sizes))


def test_the_autoencoders_array() -> None:
    """640 bytes of input and 128 of the first layer's output, and no more. Speed before memory
    keeps the chain."""
    graph = read_graph(AUTOENCODER)
    small, fast = plan_network(graph, Kernels("small")), plan_network(graph, Kernels("auto"))
    assert small.arena_size == 768 and set(kernels(small)) == {"direct"}
    assert fast.arena_size > 768 and set(kernels(fast)) == {"dense"}
    assert fast.trade.cycles == pytest.approx(small.trade.cycles)
    assert 0 < small.trade.slower < 0.1 * small.trade.cycles
    told = sum(layer.instructions for step in small.steps for layer in step.lowered.layers)
    chain = sum(layer.instructions for step in fast.steps for layer in step.lowered.layers)
    assert chain < told < 1.1 * chain


@pytest.mark.parametrize("wanted", ["dense", "sparse"])
def test_who_asks_for_a_kernel_gets_it(wanted: str) -> None:
    given = made(40, 24, 12, wanted=wanted)
    assert set(kernels(planned(given))) == {wanted}


def lowest(place: int) -> npt.NDArray[np.int64]:
    """Weights of four outputs, of which one has -128 beside -1."""
    weights = np.full((4, 16), -1)
    weights[place] = -128
    return weights


@pytest.mark.parametrize(
    ("weights", "takes"),
    [
        (np.full((8, 16), 100), True),
        (np.full((8, 18), 100), False),  # no whole words
        (np.full((4, 4), 100), False),  # fewer than 8
        (np.full((4, 784), 127), False),  # sums beyond 24 bits
        *((lowest(place), place == 0) for place in range(4)),
    ],
)
def test_layers_that_it_takes(weights: npt.NDArray[np.int64], takes: bool) -> None:
    (op,) = network([weights]).graph.ops
    assert isinstance(op, FullyConnected)
    assert (plan_direct(op, 0.0) is not None) == takes


@pytest.mark.parametrize(("middle", "kernel"), [(20, "direct"), (18, "dense")])
def test_one_layer_that_cannot_keeps_the_chain(middle: int, kernel: str) -> None:
    """All layers leave a chain or none: what is between them is what takes the bytes."""
    assert set(kernels(planned(made(40, middle, 12)))) == {kernel}
