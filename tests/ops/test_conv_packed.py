"""Convolutions by two products an instruction: the reference's bytes, whatever the shape."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest

from codegen.ir.graph import Graph
from codegen.kernels.conv.packed import Packed, in_pairs
from codegen.kernels.wanted import Kernels
from codegen.ops.conv import Conv
from codegen.plan import plan_network
from codegen.target import CORTEX_M7, Target, named_target
from tests.codegen.models import QdqModel
from tests.codegen.programs import Case, run_cases
from tests.ops.conftest import Read, read_variants
from tests.ops.test_conv import INPUT, NETWORKS, OUTPUT, WEIGHT, Build, append, convolution
from tests.sampled import sampled

AUTO = Kernels("auto")
# Its first choice: four filters in three sums need the FPU.
DSP_ONLY = Target(fpu=False)


def random_layers(seed: int) -> QdqModel:
    """Two convolutions of any shape: odd channels, borders of every size, strides, groups."""
    rng = np.random.default_rng(seed)
    groups = int(rng.choice([1, 1, 1, 2, 3]))
    channels = groups * int(rng.integers(1, 8))
    height, width = (int(size) for size in rng.integers(1, 9, 2))
    model = QdqModel((1, channels, height, width)).qdq(INPUT, int(rng.integers(-128, 128)))
    for index in range(2):
        filters = groups * int(rng.integers(1, 8))
        rows, columns = (int(size) for size in rng.integers(1, 5, 2))
        dilations = [int(each) for each in rng.integers(1, 3, 2)]
        strides = [int(each) for each in rng.integers(1, 4, 2)]
        reach = [dilations[0] * (rows - 1) + 1, dilations[1] * (columns - 1) + 1]
        before = [int(rng.integers(0, side)) for side in reach]
        after = [
            max(side - 1 - near, side - size - near, 0)
            for side, near, size in zip(reach, before, (height, width), strict=True)
        ]
        append(
            model,
            rng,
            (filters, channels // groups, rows, columns),
            per_channel=bool(index),
            group=groups,
            strides=strides,
            dilations=dilations,
            pads=[*before, *after],
        ).qdq(OUTPUT, int(rng.integers(-128, 128)))
        height = (height + before[0] + after[0] - reach[0]) // strides[0] + 1
        width = (width + before[1] + after[1] - reach[1]) // strides[1] + 1
        channels = filters
    return model


def float_bias() -> QdqModel:
    """Biases with a fraction: nothing but the general rule of requantization fits them."""
    model = QdqModel((1, 5, 4, 4)).qdq(INPUT, 3)
    stored = np.random.default_rng(1).integers(-128, 128, (3, 5, 2, 2)).astype(np.int8)
    bias = model.constant(np.array([0.7, -1.3, 0.1], "f4"))
    return model.then("Conv", model.dequantized(stored, WEIGHT), bias).qdq(0.01, 0)


VARIANTS: dict[str, Build] = {
    **NETWORKS,
    **{f"random_{seed}": partial(random_layers, seed) for seed in range(40)},
    "float_bias": float_bias,
}


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Read]:
    return read_variants(VARIANTS, tmp_path_factory.mktemp("read"))


@pytest.mark.parametrize("board", ["host", "mps2_an500"])
def test_bytes_are_the_reference_s(board: str, networks: dict[str, Read], tmp_path: Path) -> None:
    """In C with sanitizers, and by the instructions on an emulated Cortex-M7."""
    cases = [
        Case(name, net.graph, net.inputs[:12], AUTO, target=DSP_ONLY)
        for name, net in sampled(networks.items(), 24, seed=board)
    ]
    for case, outputs in zip(cases, run_cases(cases, tmp_path, board), strict=True):
        np.testing.assert_array_equal(outputs, case.expected, case.name)


def kernel_of(graph: Graph, target: Target, kernels: Kernels = AUTO) -> str:
    return plan_network(graph, kernels, target).steps[0].lowered.kernel


def test_what_takes_it(networks: dict[str, Read]) -> None:
    plain = networks["plain"].graph
    assert kernel_of(plain, DSP_ONLY) == "packed"
    assert kernel_of(plain, DSP_ONLY, Kernels("portable")) == "portable"
    assert kernel_of(plain, named_target("cortex-m3", fpu=False)) == "portable"
    assert kernel_of(networks["float_bias"].graph, CORTEX_M7) == "packed"
    assert kernel_of(networks["depthwise"].graph, DSP_ONLY) == "portable depthwise"


def test_weights_lie_as_they_are_read() -> None:
    """Five filters of three elements: fours are filled with zeros, and so is the sixth filter."""
    weights = np.arange(1, 16, dtype=np.int8).reshape(5, 3)
    pairs = in_pairs(weights, 1)
    assert pairs.shape == (1, 3, 1, 2, 4)
    assert pairs.reshape(-1, 4).tolist() == [
        [1, 2, 3, 0],
        [4, 5, 6, 0],
        [7, 8, 9, 0],
        [10, 11, 12, 0],
        [13, 14, 15, 0],
        [0, 0, 0, 0],
    ]


def test_scratch_is_for_a_window_and_two_wide_ones(tmp_path: Path) -> None:
    networks = read_variants({"wide": convolution((1, 5, 4, 4), (2, 5, 3, 3))}, tmp_path)
    (step,) = plan_network(networks["wide"].graph, AUTO, DSP_ONLY).steps
    assert step.lowered.scratch == 20 * 12  # 45 elements are twelve fours


@pytest.mark.parametrize(
    ("name", "reason"), [("plain", ""), ("depthwise", "a window of one channel")]
)
def test_windows_of_one_channel_are_left_to_others(name: str, reason: str, tmp_path: Path) -> None:
    op = read_variants({name: NETWORKS[name]}, tmp_path)[name].graph.ops[-1]
    assert isinstance(op, Conv)
    assert Packed().fits(op, DSP_ONLY) == reason
