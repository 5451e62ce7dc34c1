"""Random runs of fully connected layers with what makes packing hard, and inputs to run them on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from codegen.ir.graph import Graph, Op, Value, tensor
from codegen.ir.types import Int8Array, Quantization
from codegen.kernels.integer_layer import IntegerLayer
from codegen.kernels.wanted import Kernels
from codegen.ops.fully_connected import FullyConnected

# Around every unit the kernels work in: pairs, quads, blocks of 4 and 8, the reach of LDRD.
SIZES = (
    1,
    2,
    3,
    5,
    7,
    8,
    9,
    15,
    16,
    17,
    31,
    33,
    64,
    65,
    127,
    128,
    129,
    248,
    249,
    250,
    300,
    784,
    1000,
)
WEIGHTS = ("plain", "sparse", "extreme", "small")
SCALES = ("fitting", "saturating", "vanishing", "huge")
WANTED = ("auto", "dense", "sparse")


@dataclass(frozen=True)
class Network:
    """A graph, the kernels asked for, and int8 [N, input size] to run it on."""

    graph: Graph
    kernels: Kernels
    inputs: Int8Array

    @property
    def sizes(self) -> str:
        """Sizes of its tensors: "784-128-10"."""
        return "-".join(str(value.size) for value in self.graph.values)


def random_weights(rng: np.random.Generator, kind: str, outputs: int, inputs: int) -> Int8Array:
    """int8 [outputs, inputs] of one of the kinds `WEIGHTS`, now and then with a row of zeros."""
    weights = rng.integers(-127, 128, (outputs, inputs))
    if kind == "sparse":
        weights[rng.random((outputs, inputs)) < 0.7] = 0
    elif kind == "extreme":
        weights = rng.choice([-128, -127, 127], (outputs, inputs))
    elif kind == "small":
        weights = rng.integers(-9, 10, (outputs, inputs))
    if outputs > 2:
        weights[rng.integers(outputs)] = 0
    return weights.astype(np.int8)


def random_layer(
    rng: np.random.Generator, name: str, source: Value, outputs: int, *, last: bool
) -> FullyConnected:
    """A layer that reads `source`."""
    weights = random_weights(rng, str(rng.choice(WEIGHTS)), outputs, source.size)
    scales = rng.uniform(1e-4, 1e-2, outputs).astype(np.float32)
    # What typical sums come to; the output scale makes few or many output bytes of it.
    reach = float(np.abs(weights.astype(np.int64)).sum(1).mean() * 60 + 1)
    reach *= float(source.quantization.scale) * float(scales.mean())
    steps = {
        "fitting": rng.uniform(50, 500),
        "saturating": rng.uniform(2_000, 20_000),
        "vanishing": rng.uniform(0.01, 5),
        "huge": rng.uniform(1e5, 1e6),
    }
    kind = str(rng.choice(SCALES, p=[0.7, 0.15, 0.08, 0.07]))
    ends = [-128, -127, -1, 0, 1, 126, 127]
    zero_point = int(rng.choice([int(rng.choice(ends)), int(rng.integers(-128, 128))]))
    if not last and rng.random() < 0.8:
        zero_point = -128
    # A ReLU that clamps above -128 is what chains cannot take.
    relu = bool(rng.random() < (0.9 if zero_point == -128 else 0.05))
    high = int(rng.integers(zero_point, 128)) if rng.random() < 0.1 else 127
    quantization = Quantization(np.float32(reach / steps[kind]), zero_point)
    output = tensor(f"{name}_out", (1, outputs), quantization)
    bias = rng.integers(-5_000, 5_001, outputs).astype(np.int32)
    return FullyConnected(
        name, (source,), (output,), weights, bias, scales, relu=relu, low=-128, high=high
    )


def random_graph(rng: np.random.Generator, sizes: Sequence[int]) -> Graph:
    """Fully connected layers from `sizes[0]` inputs to `sizes[-1]` outputs."""
    zero_point = int(rng.choice([-128, 127, int(rng.integers(-128, 128))]))
    quantization = Quantization(np.float32(rng.uniform(0.001, 0.1)), zero_point)
    first = value = tensor("input", (1, sizes[0]), quantization)
    ops: list[Op] = []
    for index, size in enumerate(sizes[1:]):
        layer = random_layer(rng, f"fc{index}", value, size, last=index == len(sizes) - 2)
        ops.append(layer)
        value = layer.output
    return Graph((first,), (value,), tuple(ops), "random.onnx")


def random_inputs(rng: np.random.Generator, size: int, rows: int, background: int) -> Int8Array:
    """int8 [rows, size]: the extremes, then backgrounds with ever more that differs from them."""
    inputs = rng.integers(-128, 128, (rows, size))
    for row, share in enumerate(np.linspace(0, 1, max(1, rows - 4))):
        inputs[row, rng.random(size) >= share] = background
    inputs[-3:] = np.array([[-128], [127], [0]])[-min(3, rows) :]
    return inputs.astype(np.int8)


def random_network(rng: np.random.Generator, rows: int, most_macs: int) -> Network:
    """One to four layers of any of `SIZES`, up to `most_macs` multiply-accumulates.

    Args:
        rows: how many inputs.
    """
    sizes = [int(rng.choice(SIZES))]
    for _ in range(int(rng.integers(1, 5))):
        left = most_macs - sum(a * b for a, b in pairwise(sizes))
        fitting = [size for size in SIZES if size * sizes[-1] <= left]
        sizes += [int(rng.choice(fitting))] if fitting else []
    graph = random_graph(rng, sizes if len(sizes) > 1 else [*sizes, 1])
    background = int(rng.choice([-128, 127, int(rng.integers(-128, 128))]))
    calibration = None
    if rng.random() < 0.7:
        calibration = random_inputs(rng, sizes[0], 24, background)
        calibration[:, rng.random(sizes[0]) < rng.choice([0.2, 0.8])] = background
    kernels = Kernels(str(rng.choice(WANTED)), calibration)
    return Network(graph, kernels, random_inputs(rng, sizes[0], rows, background))


def random_integer_layer(
    rng: np.random.Generator, outputs: int, inputs: int, kind: str = "plain"
) -> IntegerLayer:
    """A layer in integers, its outputs spread over all bytes."""
    weights = random_weights(rng, kind, outputs, inputs).astype(np.int64)
    reach = np.abs(weights).sum(1).mean() * 60 + 1
    return IntegerLayer(
        weights=weights,
        bias=rng.integers(-3_000, 3_001, outputs),
        multipliers=(rng.uniform(60, 400, outputs) / reach).astype(np.float32),
        zero_point=int(rng.choice([-128, 0, 127])),
        low=-128,
        high=127,
        base=int(rng.choice([-128, 0, 127, -5])),
    )


def all_bytes(rng: np.random.Generator, layer: IntegerLayer, rows: int = 200) -> Int8Array:
    """int8 [rows, inputs]: random, and the inputs that reach each output's extremes."""
    drawn = rng.integers(layer.input_low, layer.input_high + 1, (rows, layer.inputs))
    ends: npt.NDArray[np.int64] = np.where(layer.weights > 0, layer.input_high, layer.input_low)
    other = np.where(layer.weights > 0, layer.input_low, layer.input_high)
    return np.concatenate([drawn, ends, other]).astype(np.int8)
