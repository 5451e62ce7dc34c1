"""Estimated cycles of whole networks stay within bounds, and what kernels say they cost is true.

Both models are estimates of what executes on an emulated core, llvm-mca 22 with multiples as
doubles and the dual-issue model: no board's figures.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from codegen.ir.types import Int8Array
from codegen.kernels.fully_connected.chain import choose
from codegen.kernels.fully_connected.chain.operation import FullyConnectedChain
from codegen.kernels.integer_layer import IntegerLayer
from codegen.kernels.wanted import Kernels
from codegen.plan import plan_network
from codegen.reader.qdq import read_graph
from codegen.reference import all_values, quantize_inputs
from device.bench import mca
from device.bench.counter import Machine
from device.bench.estimate import Estimate, by_function
from device.bench.layers import routines, shared_loops
from device.bench.measure import median
from device.bench.ours import build
from device.commands.bench import harsh_inputs
from support.files import read_json
from tests.codegen.programs import ROOT


@dataclass(frozen=True)
class Bound:
    """Inputs, and most cycles of a run, everything included, by each model."""

    inputs: int
    mca: int
    dual_issue: int


DENSE = {
    "guide_int8.onnx": Bound(784, 57_500, 56_000),
    "autoencoder_int8.onnx": Bound(640, 148_000, 142_000),
}


@cache
def dense(name: str, folder: Path) -> tuple[Estimate, list[tuple[Estimate, IntegerLayer]]]:
    """A network with kernels=dense: the whole run, and each layer with its sizes."""
    elf = build(ROOT / "tests" / "fixtures" / name, "dense", None, folder / name)
    manifest = read_json(folder / name / "network_manifest.json")
    machine = Machine(elf, folder)
    machine.call("bench_init", (0, 0))
    value = np.random.default_rng(3).integers(-128, 128, DENSE[name].inputs).astype(np.int8)
    whole, own = by_function(machine, "bench_run", value, routines(manifest))
    layers, inputs = [], DENSE[name].inputs
    for layer, routine in zip(manifest["layers"], routines(manifest), strict=True):
        outputs = layer["macs"] // inputs
        zeros = np.zeros((outputs, inputs), np.int64)
        ones = np.ones(outputs, np.float32)
        layers.append((own[routine], IntegerLayer(zeros, zeros[:, 0], ones, 0, -128, 127, 0)))
        inputs = outputs
    return whole, layers


@pytest.mark.sample(1)
@pytest.mark.parametrize("name", DENSE)
def test_dense_networks_stay_within_their_cycles(name: str, shared_dir: Path) -> None:
    assert mca.version().startswith("22."), "install llvm-22: ./bootstrap scons test"
    found, bound = dense(name, shared_dir / "cycles")[0], DENSE[name]
    assert found.mca is not None
    assert found.mca <= bound.mca and found.dual_issue <= bound.dual_issue


# The guide network where the kernels follow its calibration: the median of 300 test digits, and the
# costliest of inputs made to cost much.
SPARSE = {"typical": Bound(784, 18_600, 17_300), "costliest": Bound(784, 65_000, 62_000)}


def digits(mnist: Path, name: str, count: int) -> npt.NDArray[np.float32]:
    """float32 [count, 1, 28, 28], the first images of a file as recipe=guide reads them."""
    raw = np.fromfile(mnist / "MNIST" / "raw" / name, np.uint8, 16 + 784 * count)[16:]
    shades = raw.reshape(count, 1, 28, 28).astype(np.float32) / np.float32(255)
    return (shades - np.float32(0.5)) / np.float32(0.5)


@cache
def sparse(mnist: Path, folder: Path) -> dict[str, tuple[Estimate, list[Estimate], Int8Array]]:
    """By the names of `SPARSE`: the whole run, its layers, int8 [1, 784] input."""
    folder.mkdir(exist_ok=True)
    model = ROOT / "tests" / "fixtures" / "guide_int8.onnx"
    calibration = folder / "calibration.npz"
    np.savez(calibration, inputs=digits(mnist, "train-images-idx3-ubyte", 2000))
    tests = quantize_inputs(digits(mnist, "t10k-images-idx3-ubyte", 300), read_graph(model))
    elf = build(model, "auto", calibration, folder / "auto")
    manifest = read_json(folder / "auto" / "network_manifest.json")
    machine = Machine(elf, folder)
    machine.call("bench_init", (0, 0))
    harsh = harsh_inputs(tests)
    typical = tests[median(machine.count("bench_run", tests, 10)[1])]
    costliest = harsh[machine.count("bench_run", harsh, 10)[1].argmax()]
    found = {}
    for name, value in (("typical", typical), ("costliest", costliest)):
        own, shared = routines(manifest), shared_loops(manifest)
        whole, layers = by_function(machine, "bench_run", value, own, shared)
        found[name] = whole, [layers[routine] for routine in own], value[np.newaxis]
    return found


@pytest.mark.sample(1)
@pytest.mark.parametrize("name", SPARSE)
def test_sparse_networks_stay_within_their_cycles(
    name: str, mnist_dir: Path, shared_dir: Path
) -> None:
    found, bound = sparse(mnist_dir, shared_dir / "sparse_cycles")[name][0], SPARSE[name]
    assert found.mca is not None
    assert found.mca <= bound.mca and found.dual_issue <= bound.dual_issue


def test_sparse_costs_are_what_the_models_estimate(mnist_dir: Path, shared_dir: Path) -> None:
    """Of a first layer, whose list comes from bytes, and of one whose list comes from pairs."""
    graph = read_graph(ROOT / "tests" / "fixtures" / "guide_int8.onnx")
    calibration = quantize_inputs(digits(mnist_dir, "train-images-idx3-ubyte", 2000), graph)
    (step,) = plan_network(graph, Kernels("auto", calibration)).steps
    op = step.lowered.op
    assert isinstance(op, FullyConnectedChain)
    members, hidden = op.chain.members[:2], op.fused[0].output
    assert [member.sparse for member in members] == [True, True]
    for _, layers, value in sparse(mnist_dir, shared_dir / "sparse_cycles").values():
        values = (value, all_values(graph, value)[hidden])
        for member, found, given in zip(members, layers[:2], values, strict=True):
            assert found.mca is not None
            (listed,) = choose.entries(given[:, member.reads], member.layer.base)
            cost = choose.sparse_cost(member.layer, float(listed), first=member.first)
            mean = (found.mca + found.dual_issue) / 2
            assert abs(cost / mean - 1) < 0.05, (member.name, listed, mean, cost)


@pytest.mark.parametrize("name", DENSE)
def test_costs_are_what_the_models_estimate(name: str, shared_dir: Path) -> None:
    """The formula that chooses kernels, beside the mean of the models: tiny layers are coarser."""
    for found, layer in dense(name, shared_dir / "cycles")[1]:
        assert found.mca is not None
        mean = (found.mca + found.dual_issue) / 2
        most = 0.05 if layer.inputs >= 64 and layer.outputs >= 16 else 0.15
        assert abs(choose.dense_cost(layer) / mean - 1) < most, (layer.weights.shape, mean)


def test_layers_by_themselves_cost_what_the_plan_says(shared_dir: Path) -> None:
    """The autoencoder without scratch: a tenth more cycles than the bounds of its chain, a
    twentieth more instructions; the formula is right within a twentieth."""
    model, folder = ROOT / "tests" / "fixtures" / "autoencoder_int8.onnx", shared_dir / "direct"
    elf = build(model, "small", None, folder)
    manifest = read_json(folder / "network_manifest.json")
    machine = Machine(elf, folder)
    machine.call("bench_init", (0, 0))
    value = np.random.default_rng(3).integers(-128, 128, 640).astype(np.int8)
    whole, own = by_function(machine, "bench_run", value, routines(manifest))
    bound = DENSE["autoencoder_int8.onnx"]
    assert whole.mca is not None and whole.instructions <= 290_000
    assert whole.mca <= 1.1 * bound.mca and whole.dual_issue <= 1.1 * bound.dual_issue
    steps = plan_network(read_graph(model), Kernels("small")).steps
    for step, routine in zip(steps, routines(manifest), strict=True):
        found, lowered = own[routine], step.lowered
        assert found.mca is not None
        mean = (found.mca + found.dual_issue) / 2
        # Of eight inputs or outputs a call is much of it.
        most = 0.03 if lowered.op.macs > 2_000 else 0.1
        assert abs(lowered.cycles / mean - 1) < most, (lowered.op.name, mean)
        (layer,) = lowered.layers
        assert abs(layer.instructions / found.instructions - 1) < 0.02, lowered.op.name


def test_a_pair_of_inputs_takes_half_a_cycle_for_each_product(shared_dir: Path) -> None:
    """The loop itself: 15 instructions and hardly more than 7.5 cycles for 16 products."""
    whole, layers = dense("guide_int8.onnx", shared_dir / "cycles")
    found, layer = layers[0]
    macs = layer.weights.size
    assert whole.mca is not None and found.mca is not None
    assert found.instructions / macs < 0.99
    assert found.mca / macs < 0.51 and found.dual_issue / macs < 0.505
