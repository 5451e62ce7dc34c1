"""The typed graph between reader and planner: int8 tensors and the operators that join them.

A graph here is a straight line: one input, one output, every node reads the tensor that the node
before it wrote. Models with uint8 activations are shifted by -128 on reading, so every tensor is
int8 from here on.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Int8Array = npt.NDArray[np.int8]
Int32Array = npt.NDArray[np.int32]
Float32Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Quantization:
    """Per-tensor quantization: real = scale * (q - zero_point), ONNX QuantizeLinear."""

    scale: np.float32
    zero_point: int


@dataclass(frozen=True)
class Tensor:
    """An int8 activation tensor.

    Attributes:
        name: the ONNX name of the quantized tensor.
        shape: with the batch dimension, which is 1.
        quantization: scale and zero point (int8, -128..127).
    """

    name: str
    shape: tuple[int, ...]
    quantization: Quantization

    @property
    def size(self) -> int:
        """Number of elements (= bytes)."""
        return int(np.prod(self.shape))


@dataclass(frozen=True)
class Node:
    """What every operator has: its name in the model, the tensor it reads and the one it writes."""

    name: str
    input: Tensor
    output: Tensor


@dataclass(frozen=True)
class FullyConnected(Node):
    """y = requantize(W (x - zero_point) + b), optionally with ReLU fused into the clamp.

    Attributes:
        weights: int8 [outputs, inputs], zero point 0.
        bias: int32 [outputs], scale input_scale * weight_scales[o].
        weight_scales: float32 [outputs] (per tensor: repeated).
        relu: the output is clamped from below at its zero point.
    """

    weights: Int8Array
    bias: Int32Array
    weight_scales: Float32Array
    relu: bool = False

    @property
    def inputs(self) -> int:
        """Number of inputs of each output."""
        return int(self.weights.shape[1])

    @property
    def outputs(self) -> int:
        """Number of outputs."""
        return int(self.weights.shape[0])

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one inference."""
        return self.inputs * self.outputs

    @cached_property
    def multipliers(self) -> Float32Array:
        """float32 [outputs]: (input_scale * weight_scale) / output_scale, each step in float32.

        Source: docs/numerics.md, "Requantization".
        """
        product = np.float32(self.input.quantization.scale) * self.weight_scales
        scaled: Float32Array = (product / np.float32(self.output.quantization.scale)).astype(
            np.float32
        )
        return scaled

    @property
    def clamp(self) -> tuple[int, int]:
        """Smallest and largest output byte: int8, or from the zero point up with ReLU."""
        low = max(-128, self.output.quantization.zero_point) if self.relu else -128
        return low, 127


@dataclass(frozen=True)
class Reshape(Node):
    """Reshape or Flatten: the bytes stay as they are."""


@dataclass(frozen=True)
class Softmax(Node):
    """Softmax over all elements, computed from a table of exponentials in integers."""


@dataclass(frozen=True)
class Graph:
    """A network: its nodes in order of execution.

    Attributes:
        model_hash: SHA-256 (hex) of the model's canonical content.
        origin: the model file's base name, for reports.
    """

    nodes: tuple[Node, ...]
    model_hash: str
    origin: str

    @property
    def input(self) -> Tensor:
        """The network's input tensor."""
        return self.nodes[0].input

    @property
    def output(self) -> Tensor:
        """The network's output tensor."""
        return self.nodes[-1].output

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one inference, all layers."""
        return sum(n.macs for n in self.nodes if isinstance(n, FullyConnected))
