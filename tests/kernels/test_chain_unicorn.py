"""Whole chains in assembly on an emulated Cortex-M7: the reference's bytes, and no side effects."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from codegen.ir.graph import Graph, Op, Value, tensor
from codegen.ir.types import Quantization
from codegen.kernels.fully_connected.chain.operation import STEM
from codegen.kernels.wanted import Kernels
from codegen.ops.fully_connected import FullyConnected
from tests.kernels.emulated import (
    ARENA_END,
    call,
    differences,
    machine_with,
    plan_all,
    routines,
)
from tests.kernels.networks import WANTED, Network, random_inputs
from tests.kernels.random_chains import kinds, networks


@pytest.mark.sample(1)
@pytest.mark.parametrize("seed", [101, 102, 103])
def test_random_chains(seed: int, tmp_path: Path, shared_dir: Path) -> None:
    """Twenty random networks: bytes, memory, registers."""
    planned = plan_all(networks(seed, 0, 20, 120_000))
    machine = machine_with(planned, tmp_path, shared_dir)
    assert [text for each in planned for text in differences(machine, each)] == []
    # A sample that plans nothing, or everything the same way, would show nothing.
    assert len([kind for kind in kinds(planned) if not kind.startswith("portable")]) >= 3


def layer(source: Value, weights: np.ndarray, scale: float = 0.5, **extra: int) -> FullyConnected:
    """A layer with the given int8 [outputs, inputs] weights."""
    outputs = len(weights)
    output = tensor(f"{source.name}+", (1, outputs), Quantization(np.float32(scale), -128))
    return FullyConnected(
        f"fc_{source.name}",
        (source,),
        (output,),
        weights.astype(np.int8),
        np.zeros(outputs, np.int32),
        np.full(outputs, 0.01, np.float32),
        **extra,  # type: ignore[arg-type]
    )


def network(weights: list[np.ndarray], wanted: str = "auto", **extra: int) -> Network:
    """A network of layers with the given weights, the last one with `extra`."""
    first = value = tensor("x", (1, weights[0].shape[1]), Quantization(np.float32(0.02), -128))
    ops: list[Op] = []
    for index, each in enumerate(weights):
        ops.append(layer(value, each, **(extra if index == len(weights) - 1 else {})))
        value = ops[-1].output
    rng = np.random.default_rng(5)
    inputs = random_inputs(rng, weights[0].shape[1], 24, -128)
    calibration = random_inputs(rng, weights[0].shape[1], 24, -128)
    calibration[:, rng.random(calibration.shape[1]) < 0.85] = -128
    graph = Graph((first,), (value,), tuple(ops), "by_hand.onnx")
    return Network(graph, Kernels(wanted, calibration), inputs)


RNG = np.random.default_rng(4)
SMALL = RNG.integers(-20, 21, (16, 40))
LOWEST = RNG.choice([-128, 127], (16, 40))
REFUSED = {
    "-128 above what is negative": network([LOWEST, SMALL[:, :16]]),
    "sums beyond 24 bits": network([np.full((4, 784), 127)]),
    "ends below 127": network([SMALL], high=90),
    "starts above -128": network([SMALL], low=-100),
    "a last layer that starts above -128": network([SMALL, SMALL[:, :16]], low=-120),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_does_not_fit_is_portable(what: str) -> None:
    """The plan says why, and the layer's portable kernel computes it."""
    plan = plan_all([REFUSED[what]])[0].plan
    first = plan.steps[0].lowered
    portable = [layer for layer in first.layers if layer.kernel == "portable"]
    assert (first.stem == STEM) != bool(portable)
    assert all(layer.why.startswith("portable: ") for layer in portable)
    if "24 bits" in what or "-128 above" in what:
        assert portable


@pytest.mark.parametrize("what", REFUSED)
def test_what_remains_packed_is_exact(what: str, tmp_path: Path, shared_dir: Path) -> None:
    planned = plan_all([REFUSED[what]])
    assert differences(machine_with(planned, tmp_path, shared_dir), planned[0]) == []


@pytest.mark.parametrize("wanted", WANTED)
def test_busy_and_quiet_inputs(wanted: str, tmp_path: Path, shared_dir: Path) -> None:
    """The shape of the guide's network, calibrated by quiet inputs, run on quiet and busy ones."""
    rng = np.random.default_rng(6)
    weights = [rng.integers(-40, 41, shape) for shape in ((32, 784), (24, 32), (10, 24))]
    planned = plan_all([network(weights, wanted)])
    assert all(step.lowered.stem == STEM for step in planned[0].plan.steps)
    assert differences(machine_with(planned, tmp_path, shared_dir), planned[0]) == []


def test_every_single_size(tmp_path: Path, shared_dir: Path) -> None:
    """One layer of each small size, outputs and inputs: every tail of every loop."""
    rng = np.random.default_rng(7)
    made = [
        network([rng.integers(-60, 61, (outputs, inputs))], wanted)
        for outputs, inputs in zip(range(1, 19), rng.permutation(np.arange(1, 37, 2)), strict=True)
        for wanted in ("dense", "sparse")
    ]
    planned = plan_all(made)
    machine = machine_with(planned, tmp_path, shared_dir)
    assert [text for each in planned for text in differences(machine, each)] == []


@pytest.mark.parametrize("rest", [0, 6, 14])
def test_a_list_never_leaves_its_bytes(rest: int, tmp_path: Path, shared_dir: Path) -> None:
    """Any number of pairs that are not zero, and more blocks than loops: addresses move on."""
    inputs = 784 + rest
    weights = np.random.default_rng(8).integers(-40, 41, (72, inputs))
    planned = plan_all([network([weights], "sparse")])[0]
    (step,) = planned.plan.steps
    assert step.lowered.layers[0].kernel == "sparse" and step.scratch is not None
    machine = machine_with([planned], tmp_path, shared_dir)
    engine, arena = machine.engine, planned.plan.arena_size
    (chain,) = routines(planned)
    kept = range(step.scratch.offset, step.scratch.offset + step.lowered.scratch)
    pairs = inputs // 2
    for active in (*range(9), *range(pairs - 9, pairs + 1)):
        value = np.full(inputs, -128, np.int8)
        value[2 * (pairs - active) :] = 1
        _, wrong = call(machine, chain, value, (72, arena))
        after = np.frombuffer(bytes(engine.mem_read(ARENA_END - arena, arena)), np.uint8)
        written = np.flatnonzero(after != 0x5A)
        assert wrong == [] and written.min() >= kept.start and written.max() < kept.stop


@pytest.mark.parametrize(("largest", "packed"), [(32_500, True), (32_600, False), (33_000, False)])
def test_scaled_sums_that_leave_their_lane(
    largest: int, packed: bool, tmp_path: Path, shared_dir: Path
) -> None:
    """Two outputs leave the requantization side by side, 16 bits each, before saturation."""
    value = tensor("x", (1, 40), Quantization(np.float32(0.02), -128))
    # Sums from 0 to 255 * 100 * 40, times 0.02 * 0.01 / scale.
    op = layer(value, np.full((16, 40), 100), 0.02 * 0.01 * 255 * 100 * 40 / largest)
    inputs = np.repeat(np.arange(-128, 128, 5).astype(np.int8)[:, np.newaxis], 40, axis=1)
    one = Network(Graph((value,), (op.output,), (op,), "x.onnx"), Kernels("dense", inputs), inputs)
    planned = plan_all([one])[0]
    (computed,) = planned.plan.steps[0].lowered.layers
    assert (computed.kernel == "dense") == packed
    if packed:
        assert differences(machine_with([planned], tmp_path, shared_dir), planned) == []
    else:
        assert computed.why == "portable: its scaled sums can leave 16 bits"


@pytest.mark.parametrize("wanted", ["dense", "sparse"])
def test_each_large_layer_is_a_block_of_its_own(
    wanted: str, tmp_path: Path, shared_dir: Path
) -> None:
    """One byte too many moves a layer of a chain and not all of them; small ones stay together."""
    rng = np.random.default_rng(9)
    shapes = ((160, 128), (128, 160), (8, 128), (160, 8), (130, 160))
    planned = plan_all([network([rng.integers(-40, 41, shape) for shape in shapes], wanted)])[0]
    (step,) = planned.plan.steps
    assert step.lowered.stem == STEM
    layers = [{placed.block.member for placed in block.constants} for block in planned.plan.blocks]
    assert layers == [{0}, {1}, {2, 3, 4}]
    (chain,) = routines(planned)
    assert len({routine.weights for routine in chain}) == 3
    assert differences(machine_with([planned], tmp_path, shared_dir), planned) == []
