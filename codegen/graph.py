"""The typed graph between reader and planner: int8 tensors and the operators that join them.

A graph here is a straight line: one input, one output, every node reads the tensor that the node
before it wrote. Models with uint8 activations are shifted by -128 on reading, so every tensor is
int8 from here on. The operators themselves live in `codegen/ops/`, one file each.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Int8Array = npt.NDArray[np.int8]
Int32Array = npt.NDArray[np.int32]
Int64Array = npt.NDArray[np.int64]
Float32Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Quantization:
    """Per-tensor quantization: real = scale * (q - zero_point), ONNX QuantizeLinear."""

    scale: np.float32
    zero_point: int

    def quantize(self, values: Float32Array) -> Int8Array:
        """float32 → int8 of the same shape: saturate(rint(x / scale) + zero_point), half to even.

        Infinities saturate; NaN is the caller's to refuse.
        """
        with np.errstate(over="ignore"):
            scaled = np.rint(values / np.float32(self.scale))
        # Clip before adding: far outside the range float32 cannot hold the sum exactly.
        shifted = np.clip(scaled, -1024, 1024) + np.float32(self.zero_point)
        stored: Int8Array = np.clip(shifted, -128, 127).astype(np.int8)
        return stored


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

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one inference."""
        return 0

    @property
    def content(self) -> tuple[bytes, ...]:
        """What decides this node's output beside its tensors; hashed for the model's identity."""
        return ()


@dataclass(frozen=True)
class Graph:
    """A network: its nodes in order of execution.

    Attributes:
        model_hash: SHA-256 (hex) of the canonical content: operators, shapes, quantization and
            constants. Names, metadata and file layout do not count.
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
        return sum(node.macs for node in self.nodes)
