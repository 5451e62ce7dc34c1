"""Property of the generator: for any network, C and reference give the same bytes.

Seeded random fully connected networks, many in one program, each under a name of its own, with all
choices of kernels.
`python -m tests.codegen.random_networks --networks 2000 --seed 1 --json out.json` is a campaign on
this computer with sanitizers; `--board mps2_an500` runs it on the emulated Cortex-M7.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from codegen.kernels.wanted import WANTED, Kernels
from codegen.reader.qdq import read_graph
from support.errors import run_cli
from tests.codegen.batches import Made, arguments, numbers_of, run_campaign, tell
from tests.codegen.kept import Report
from tests.codegen.models import Array, QdqModel
from tests.codegen.programs import Case, Int8Array

Rng = np.random.Generator

LARGEST = 1000
INPUTS = 8
# Weights of one network: some layers of a thousand, not several.
MOST_WEIGHTS = 300_000


def random_case(seed: int, number: int, folder: Path, most: int = MOST_WEIGHTS) -> Case:
    """Network `number` of a seed, as its ONNX file reads, with inputs.

    Args:
        most: weights of the network at most.
    """
    rng = np.random.default_rng([seed, number])
    model = random_model(rng, most)
    graph = read_graph(model.save(folder / f"random_{seed}_{number}.onnx", check=False))
    inputs = _inputs(rng, graph.input)
    # Kernels are chosen by what is typical: here, half of what then runs.
    kernels = Kernels(WANTED[number % len(WANTED)], inputs[::2] if rng.random() < 0.7 else None)
    return Case(f"random_{number}", graph, inputs, kernels)


@dataclass
class Signal:
    """What flows at one place of a network while it grows: real values float64 [32, size]."""

    scale: np.float32
    zero_point: int
    values: Array

    def quantized(self) -> Array:
        """The values after QuantizeLinear and DequantizeLinear, int8."""
        steps = np.rint(self.values / float(self.scale)) + self.zero_point
        clipped: Array = np.clip(steps, -128, 127) - self.zero_point
        return clipped * float(self.scale)


def random_model(rng: Rng, most: int) -> QdqModel:
    """A network of one to four layers."""
    sizes = _sizes(rng, most)
    dtype = np.uint8 if rng.random() < 0.2 else np.int8
    shift = 128 if dtype == np.uint8 else 0
    scale, zero_point = np.float32(10.0 ** rng.uniform(-6, 3)), _zero_point(rng)
    model = QdqModel(_shape(rng, sizes[0])).qdq(scale, zero_point + shift, dtype)
    if len(model.shape) > 2:
        model.then("Flatten")
    values = (rng.integers(-128, 128, (32, sizes[0])) - zero_point) * float(scale)
    signal = Signal(scale, zero_point, values)
    for outputs in sizes[1:]:
        signal = _layer(rng, model, outputs, signal)
        model.qdq(signal.scale, signal.zero_point + shift, dtype)
    _tail(rng, model, sizes[-1], signal.scale)
    return model


def _sizes(rng: Rng, most: int) -> list[int]:
    """Widths from 1 to 1,000, odd ones as often as any, a few units not too often in a row."""
    while True:
        narrowest = rng.choice([1, 8, 8, 8], rng.integers(2, 6))
        drawn = np.rint(narrowest * (LARGEST / narrowest) ** rng.uniform(0, 1, len(narrowest)))
        sizes = [int(size) for size in drawn]
        if sum(a * b for a, b in pairwise(sizes)) <= most:
            return sizes


def _shape(rng: Rng, size: int) -> tuple[int, ...]:
    """Rank 2 to 4."""
    factor = next(f for f in (7, 5, 3, 2, 1) if size % f == 0)
    shapes = [(1, size), (1, factor, size // factor), (1, 1, size // factor, factor)]
    return shapes[rng.integers(3)]


def _zero_point(rng: Rng) -> int:
    """Both ends and the middle as often as all others together."""
    return int(rng.choice([-128, 127, 0, *rng.integers(-128, 128, 3)]))


def _weights(rng: Rng, shape: tuple[int, int]) -> Array:
    kind = rng.integers(5)
    weights = rng.integers(-128, 128, shape)
    if kind == 0:
        weights = np.clip(np.rint(rng.normal(0, 20, shape)), -128, 127)
    elif kind == 1:
        weights = np.where(rng.random(shape) < 0.9, 0, weights)
    elif kind == 2:
        weights = rng.choice([-128, 127], shape)
    weights[rng.random(shape[0]) < 0.1] = 0
    return weights.astype(np.int8)


def _bias(rng: Rng, weights: Array) -> Array | None:
    """None, small, or as large as the accumulator takes."""
    kind = rng.integers(20)
    reach = 2**31 - 1 - 256 * np.abs(weights.astype(np.int64)).sum(1)
    if kind == 0:
        return None
    if kind == 1:
        extreme: Array = (rng.choice([-1, 1], len(weights)) * reach).astype(np.int32)
        return extreme
    return rng.integers(-5000, 5001, len(weights)).astype(np.int32)


def _layer(rng: Rng, model: QdqModel, outputs: int, signal: Signal) -> Signal:
    """Gemm and its clamp; returns what has to be quantized behind it, and how."""
    weights = _weights(rng, (outputs, signal.values.shape[1]))
    bias = _bias(rng, weights)
    weight_scale: Any = np.float32(10.0 ** rng.uniform(-6, 0))
    if rng.random() < 0.5:
        spread = rng.choice([0.3, 0.3, 4.0])
        weight_scale = (10.0 ** rng.uniform(-2 - spread, -2, outputs)).astype(np.float32)
    unit = (signal.scale * weight_scale).astype(np.float32)
    model.gemm(weights, weight_scale, bias, None if bias is None else unit)
    values = signal.quantized() @ (weights.T * weight_scale.astype(float))
    values += 0.0 if bias is None else bias * unit.astype(float)
    # The output's range in steps: useful, else nearly all saturated, or all the zero point.
    steps = rng.choice([*rng.uniform(60, 250, 18), 1e5, 1e-3])
    scale = np.float32(max(np.percentile(np.abs(values), 95) / steps, 1e-30))
    zero_point = _zero_point(rng)
    after = rng.choice(["Clip", *["Relu"] * 4, *[""] * 3])
    if after == "Clip":
        low, high = np.sort(rng.choice(values.reshape(-1), 2)).astype(np.float32)
        model.then("Clip", model.constant(low), model.constant(high))
        values = np.clip(values, low, high)
    elif after == "Relu":
        model.then("Relu")
        values, zero_point = np.maximum(values, 0), -128
    return Signal(scale, zero_point, values)


def _tail(rng: Rng, model: QdqModel, size: int, scale: np.float32) -> None:
    kind = rng.integers(8)
    if kind == 0:
        model.then("Softmax").qdq(1 / 256, -128)
    elif kind in (1, 2):
        model.then("Sigmoid" if kind == 1 else "Tanh").qdq(1 / 128, _zero_point(rng))
    elif kind == 3:
        addend = rng.uniform(-200, 200, size) * float(scale)
        model.then("Add", model.constant(addend, np.float32)).qdq(scale * 2, _zero_point(rng))


def _inputs(rng: Rng, tensor: Any) -> Int8Array:
    """Any bytes, both ends, the zero point, and rows that are mostly the zero point."""
    rows = rng.integers(-128, 128, (INPUTS, tensor.size))
    rows[0], rows[1], rows[2] = -128, 127, np.clip(tensor.quantization.zero_point, -128, 127)
    quiet = rng.random(rows[3:5].shape) < 0.9
    rows[3:5] = np.where(quiet, rows[2], rows[3:5])
    return rows.astype(np.int8)


def campaign(
    seed: int, numbers: range, board: str = "host", most: int = MOST_WEIGHTS, **how: Any
) -> Report:
    """Run networks of a seed in batches.

    Args:
        how: as of `run_campaign`.
    """

    def make(number: int, folder: Path) -> Made:
        case = random_case(seed, number, folder, most)
        return Made(folder / f"random_{seed}_{number}.onnx", case)

    return run_campaign(make, numbers, board, **how)


def main() -> int:
    """The command line; ends with 1 when there are findings."""
    parser = arguments(__doc__)
    parser.add_argument("--most-weights", type=int, default=MOST_WEIGHTS)
    given = parser.parse_args()
    how = {"keep": given.keep, "live": True, "core": given.core}
    return tell(
        campaign(given.seed, numbers_of(given), given.board, given.most_weights, **how), given
    )


if __name__ == "__main__":
    run_cli("random_networks", main)
