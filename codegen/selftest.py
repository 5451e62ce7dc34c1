"""What a network's self-test runs: made-up input bytes, and the reference's output for them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from codegen.ir.graph import Graph
from codegen.ir.types import Int8Array
from codegen.reference import run

# firmware/runtime/nn_io.h, nn_selftest_input: the same generator.
_FACTOR, _ADDEND = 1664525, 1013904223
_CANDIDATES = 4


@dataclass(frozen=True)
class SelfTest:
    """A test vector.

    Attributes:
        seed: what `nn_selftest_input` makes the first input of; of each next one, one more.
        expected: int8 [bytes of all outputs].
    """

    seed: int
    expected: Int8Array


def input_bytes(seed: int, size: int) -> Int8Array:
    """int8 [size]: the high bytes of a linear congruential generator, by its closed form.

    x[n] = factor^n * seed + addend * (1 + factor + … + factor^(n-1)), all modulo 2^32.
    """
    factors: npt.NDArray[np.uint32] = np.full(size, _FACTOR, np.uint32)
    powers = np.cumprod(factors, dtype=np.uint32)
    before = np.concatenate([np.ones(1, np.uint32), powers[:-1]])
    sums = np.cumsum(before, dtype=np.uint32)
    states = powers * np.uint32(seed) + sums * np.uint32(_ADDEND)
    return ((states >> np.uint32(24)).astype(np.int16) - np.int16(128)).astype(np.int8)


def _inputs(graph: Graph, seed: int) -> Int8Array:
    """int8 [bytes of all inputs]; what is not quantized is 0, which every type has."""
    parts = [
        input_bytes(seed + index, value.bytes)
        if value.type.quantization
        else np.zeros(value.bytes, np.int8)
        for index, value in enumerate(graph.inputs)
    ]
    return np.concatenate(parts)


def make_selftest(graph: Graph) -> SelfTest:
    """Of a few inputs the one with the most unlike outputs: it notices the most."""
    seeds = range(1, 1 + _CANDIDATES)
    inputs = np.stack([_inputs(graph, seed) for seed in seeds])
    outputs = run(graph, inputs)
    best = max(range(_CANDIDATES), key=lambda index: len(set(outputs[index].tolist())))
    return SelfTest(seeds[best], outputs[best])
