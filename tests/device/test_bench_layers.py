"""The arrays that other runtimes get of a fully connected network."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

from device.bench.network import WORDS_OF_LAYER, Layer, Network, write_layers
from tests.device.assembled import machine_of

# Real units of one step of the input, and of each layer's output.
SCALES = (0.02, 0.5, 0.125)
EMPTY = """
    .syntax unified
    .thumb
    .global nothing
    .thumb_func
nothing:
    bx      lr
"""


def _layer(rng: np.random.Generator, number: int, inputs: int, outputs: int) -> Layer:
    weights = rng.integers(-127, 128, (outputs, inputs)).astype(np.int8)
    scales = np.full(outputs, 0.01 * (number + 1), np.float32)
    zero_point = -128 + 5 * number
    bias = rng.integers(-9_000, 9_000, outputs).astype(np.int32)
    folded = bias - zero_point * weights.astype(np.int32).sum(1, dtype=np.int32)
    multipliers = (SCALES[number] * scales / SCALES[number + 1]).astype(np.float32)
    ends = (zero_point, zero_point + 5, -128, 127)
    return Layer(weights, bias, folded, multipliers, scales, *ends)


def test_floats_compute_what_the_integers_do(tmp_path: Path) -> None:
    """Each layer, from the real numbers that its input bytes stand for."""
    rng = np.random.default_rng(4)
    layers = (_layer(rng, 0, 12, 7), _layer(rng, 1, 7, 3))
    machine = machine_of(EMPTY, "nothing", tmp_path)
    table, count = write_layers(machine, Network(layers, SCALES[0]))
    assert count == len(layers)

    def floats(address: int, number: int) -> np.ndarray:
        return np.frombuffer(bytes(machine.engine.mem_read(address, 4 * number)), "<f4")

    for index, layer in enumerate(layers):
        outputs, inputs = layer.weights.shape
        record = machine.engine.mem_read(table + 4 * WORDS_OF_LAYER * index, 4 * WORDS_OF_LAYER)
        *_, weights_at, bias_at, _ = struct.unpack("<IIiiiiIIIIiiIIf", bytes(record))
        weights = floats(weights_at, inputs * outputs).reshape(inputs, outputs)
        steps = rng.integers(-128, 128, inputs) - layer.input_zero_point
        found = SCALES[index] * steps @ weights + floats(bias_at, outputs)
        sums = layer.weights.astype(np.int64) @ steps + layer.bias
        assert np.allclose(found, sums * SCALES[index] * layer.weight_scales, rtol=1e-5, atol=1e-4)
