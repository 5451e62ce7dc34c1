"""Estimated cycles of whole networks stay within bounds, and what kernels say they cost is true.

Both models are estimates of what executes on an emulated core, llvm-mca 22 with multiples as
doubles and the dual-issue model: no board's figures.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from codegen.kernels.fully_connected.chain import choose
from codegen.kernels.fully_connected.chain.integer_layer import IntegerLayer
from device.bench import mca
from device.bench.counter import Machine
from device.bench.estimate import Estimate, by_function
from device.bench.layers import routines
from device.bench.ours import build
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


@pytest.mark.parametrize("name", DENSE)
def test_dense_networks_stay_within_their_cycles(name: str, shared_dir: Path) -> None:
    assert mca.version().startswith("22."), "install llvm-22: ./bootstrap scons test"
    found, bound = dense(name, shared_dir / "cycles")[0], DENSE[name]
    assert found.mca is not None
    assert found.mca <= bound.mca and found.dual_issue <= bound.dual_issue


@pytest.mark.parametrize("name", DENSE)
def test_costs_are_what_the_models_estimate(name: str, shared_dir: Path) -> None:
    """The formula that chooses kernels, beside the mean of the models: tiny layers are coarser."""
    for found, layer in dense(name, shared_dir / "cycles")[1]:
        assert found.mca is not None
        mean = (found.mca + found.dual_issue) / 2
        most = 0.05 if layer.inputs >= 64 and layer.outputs >= 16 else 0.15
        assert abs(choose.dense_cost(layer) / mean - 1) < most, (layer.weights.shape, mean)


def test_a_pair_of_inputs_takes_half_a_cycle_for_each_product(shared_dir: Path) -> None:
    """The loop itself: 15 instructions and hardly more than 7.5 cycles for 16 products."""
    whole, layers = dense("guide_int8.onnx", shared_dir / "cycles")
    found, layer = layers[0]
    macs = layer.weights.size
    assert whole.mca is not None and found.mca is not None
    assert found.instructions / macs < 0.99
    assert found.mca / macs < 0.51 and found.dual_issue / macs < 0.505
