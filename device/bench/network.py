"""A fully connected network as arrays, and the same as C structures in emulated memory."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from device.bench.counter import PAGE, Machine
from support.errors import UserError
from support.files import DAMAGED_ARRAYS, check_given, in_words

# struct bench_layer of peers/layers.h: 14 words and a float.
WORDS_OF_LAYER = 15
# Where the arrays go: beyond the peers' own memory.
ARRAYS = 0x60000000


@dataclass(frozen=True)
class Layer:
    """One fully connected layer.

    Attributes:
        weights: int8 [outputs, inputs].
        bias, folded_bias: int32 [outputs], without and with the input's zero point folded in.
        multipliers: float32 [outputs].
        weight_scales: float32 [outputs].
        input_zero_point, output_zero_point, low, high: int8 values.
    """

    weights: npt.NDArray[np.int8]
    bias: npt.NDArray[np.int32]
    folded_bias: npt.NDArray[np.int32]
    multipliers: npt.NDArray[np.float32]
    weight_scales: npt.NDArray[np.float32]
    input_zero_point: int
    output_zero_point: int
    low: int
    high: int


@dataclass(frozen=True)
class Network:
    """Layers in order, and the scale of the input."""

    layers: tuple[Layer, ...]
    input_scale: float

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one inference."""
        return sum(layer.weights.size for layer in self.layers)

    @property
    def model_bytes(self) -> int:
        """Weights and biases."""
        return sum(layer.weights.nbytes + layer.bias.nbytes for layer in self.layers)


def read_network(path: Path) -> Network:
    """Read what `python -m codegen export` wrote.

    Raises:
        UserError: missing or of another kind.
    """
    check_given(path)
    try:
        with np.load(path, allow_pickle=False) as arrays:
            layers = tuple(
                Layer(
                    arrays[f"weights_{i}"],
                    arrays[f"bias_{i}"],
                    arrays[f"folded_bias_{i}"],
                    arrays[f"multipliers_{i}"],
                    arrays[f"weight_scales_{i}"],
                    *(int(value) for value in shape[2:]),
                )
                for i, shape in enumerate(arrays["shapes"])
            )
            return Network(layers, float(arrays["scales"][0]))
    except DAMAGED_ARRAYS as error:
        raise UserError(
            f"{path}: not a network's arrays ({in_words(error)})",
            "make it with python -m codegen export",
        ) from None


def fixed_point(multiplier: float) -> tuple[int, int]:
    """Mantissa with 31 fraction bits and left shift, as gemmlowp's requantization takes them."""
    mantissa, exponent = np.frexp(multiplier)
    fixed = round(float(mantissa) * (1 << 31))
    if fixed == 1 << 31:
        return 1 << 30, int(exponent) + 1
    return fixed, int(exponent)


def write_layers(machine: Machine, network: Network) -> tuple[int, int]:
    """Put all arrays and the array of `bench_layer` into memory.

    Returns:
        address of the first bench_layer, and their number.
    """
    data = bytearray()

    def put(values: npt.NDArray[np.generic], dtype: str) -> int:
        address = ARRAYS + len(data)
        data.extend(np.ascontiguousarray(values).astype(dtype).tobytes())
        data.extend(bytes(-len(data) % 8))
        return address

    records = b""
    scale = np.float64(network.input_scale)
    for index, layer in enumerate(network.layers):
        outputs, inputs = layer.weights.shape
        real = layer.weights.astype(np.float64).T * layer.weight_scales
        real_bias = layer.bias.astype(np.float64) * scale * layer.weight_scales
        multiplier, shift = fixed_point(float(layer.multipliers.astype(np.float64).mean()))
        records += struct.pack(
            "<IIiiiiIIIIiiIIf",
            inputs,
            outputs,
            layer.input_zero_point,
            layer.output_zero_point,
            layer.low,
            layer.high,
            put(layer.weights, "i1"),
            put(layer.bias, "<i4"),
            put(layer.folded_bias, "<i4"),
            put(layer.multipliers, "<f4"),
            multiplier,
            shift,
            put(real, "<f4"),
            put(real_bias, "<f4"),
            network.input_scale,
        )
        # The next layer's input in real units: one step is this layer's output scale.
        scale = scale * float(layer.weight_scales[0]) / float(layer.multipliers[0])
        assert len(records) == 4 * WORDS_OF_LAYER * (index + 1)
    table = ARRAYS + len(data)
    data.extend(records)
    machine.map(ARRAYS, len(data) + PAGE)
    machine.engine.mem_write(ARRAYS, bytes(data))
    return table, len(network.layers)
