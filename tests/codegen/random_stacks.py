"""Random stacks of convolutions, the way networks have them: what fast kernels are made for."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from tests.codegen.models import QdqModel

# Of a stack; more would make a batch slow under sanitizers and on an emulator.
MACS = 100_000
_LAYERS = 5


@dataclass
class _Image:
    """What the stack has come to.

    Attributes:
        shape: channels, height, width.
        scale: of its bytes.
    """

    shape: tuple[int, int, int]
    scale: float


@dataclass(frozen=True)
class _Window:
    kernel: tuple[int, int]
    strides: tuple[int, int]
    pads: tuple[int, int, int, int]

    @property
    def attributes(self) -> dict[str, list[int]]:
        return {"strides": list(self.strides), "pads": list(self.pads)}

    def over(self, sides: tuple[int, int]) -> tuple[int, int]:
        """Height and width of the output."""
        rows, columns = (
            (sides[i] + self.pads[i] + self.pads[i + 2] - self.kernel[i]) // self.strides[i] + 1
            for i in (0, 1)
        )
        return rows, columns


def random_stack(rng: np.random.Generator) -> QdqModel:
    """Up to five layers: pointwise, k x k, depthwise, pools, residual sums; ReLU behind some."""
    channels = int(rng.choice([1, 2, 3, 4, 8, int(rng.integers(1, 34))]))
    sides = [int(side) for side in rng.integers(1, 15, 2)]
    image = _Image((channels, sides[0], sides[1]), float(rng.uniform(0.01, 0.1)))
    model = QdqModel((1, *image.shape)).qdq(image.scale, int(rng.integers(-128, 128)))
    left = MACS
    while left == MACS:
        left -= _convolution(model, rng, image, "pointwise", left)
    for _ in range(int(rng.integers(0, _LAYERS))):
        kind = rng.choice(["pointwise", "window", "window", "depthwise", "pool", "sum"])
        if kind == "pool":
            _pool(model, rng, image)
        elif kind == "sum":
            left -= _residual(model, rng, image, left)
        else:
            left -= _convolution(model, rng, image, str(kind), left)
    return model


def _window(rng: np.random.Generator, sides: tuple[int, int], kind: str) -> _Window:
    """A window that fits the image, with pads of any size below the kernel's; some are larger than
    all that windows reach."""
    if kind == "pointwise":
        stride = int(rng.choice([1, 1, 1, 2]))
        return _Window((1, 1), (stride, stride), (0, 0, 0, 0))
    side = int(rng.choice([3, 3, 3, 5]))
    kernel = (side, side) if rng.random() < 0.8 else (int(rng.integers(1, 6)), side)
    strides = tuple(int(each) for each in rng.choice([1, 1, 2, 3], 2))
    if rng.random() < 0.7:
        strides = (strides[0], strides[0])
    before = [int(rng.integers(0, each)) for each in kernel]
    after = [max(int(rng.integers(0, kernel[i])), kernel[i] - sides[i] - before[i]) for i in (0, 1)]
    if rng.random() < 0.06:
        axis = int(rng.integers(2))
        before[axis] = int(rng.integers(kernel[axis], 3 * kernel[axis] + 1))
        strides = (12, strides[1]) if axis == 0 else (strides[0], 12)
    return _Window(kernel, (strides[0], strides[1]), (before[0], before[1], after[0], after[1]))


def _convolution(
    model: QdqModel, rng: np.random.Generator, image: _Image, kind: str, left: int
) -> int:
    """Append one that takes at most `left` multiply-accumulates; returns how many, 0: none."""
    channels, *sides = image.shape
    window = _window(rng, (sides[0], sides[1]), kind)
    out = window.over((sides[0], sides[1]))
    groups = channels if kind == "depthwise" else 1
    filters = channels if kind == "depthwise" else int(rng.integers(1, 34))
    if kind != "depthwise" and rng.random() < 0.5:
        filters = (filters + 3) // 4 * 4
    depth = channels // groups
    macs = filters * depth * prod(window.kernel) * prod(out)
    if macs > left:
        return 0
    shape = (filters, depth, *window.kernel)
    spread = rng.normal(0, 1, shape)
    most = np.abs(spread).reshape(filters, -1).max(1).reshape(-1, 1, 1, 1)
    stored = np.rint(spread / np.maximum(most, 1e-9) * 127).astype(np.int8)
    if rng.random() < 0.1:
        stored.reshape(-1)[int(rng.integers(stored.size))] = -128
    scales = rng.uniform(0.001, 0.01, filters).astype(np.float32)
    zeros = np.zeros(filters)
    bias = rng.integers(-6000, 6000, filters).astype(np.int32)
    operands = [
        model.dequantized(stored, scales, zeros, 0),
        model.dequantized(bias, np.float32(image.scale) * scales, zeros, 0),
    ]
    model.then("Conv", *operands, group=groups, **window.attributes)
    relu = rng.random() < 0.6
    if relu:
        model.then("Relu")
    # Outputs spread over the bytes, some of them clipped: 0.4 is the share of a normal's weights.
    spread_out = image.scale * float(np.median(scales)) * 127 * 0.4 * 70 * np.sqrt(stored[0].size)
    image.scale = float(spread_out / rng.uniform(20, 80))
    zero_point = -128 if relu and rng.random() < 0.8 else int(rng.integers(-128, 128))
    model.qdq(image.scale, zero_point)
    image.shape = (filters, *out)
    return macs


def _pool(model: QdqModel, rng: np.random.Generator, image: _Image) -> None:
    channels, *sides = image.shape
    if rng.random() < 0.3:
        model.then("GlobalAveragePool").qdq(image.scale, int(rng.integers(-128, 128)))
        image.shape = (channels, 1, 1)
        return
    side = int(rng.choice([2, 2, 3]))
    if min(sides) < side:
        return
    stride = int(rng.choice([1, 2, 2]))
    name = str(rng.choice(["MaxPool", "AveragePool"]))
    model.then(name, kernel_shape=[side, side], strides=[stride, stride])
    model.qdq(image.scale, int(rng.integers(-128, 128)))
    rows, columns = ((each - side) // stride + 1 for each in sides)
    image.shape = (channels, rows, columns)


def _residual(model: QdqModel, rng: np.random.Generator, image: _Image, left: int) -> int:
    """A convolution that keeps the shape, and what it began with added; returns its MACs."""
    start, before, shape = model.value, image.scale, image.shape
    macs = shape[0] * shape[0] * 9 * shape[1] * shape[2]
    if macs > left:
        return 0
    stored = rng.integers(-127, 128, (shape[0], shape[0], 3, 3)).astype(np.int8)
    scales = rng.uniform(0.001, 0.01, shape[0]).astype(np.float32)
    model.then("Conv", model.dequantized(stored, scales, np.zeros(shape[0]), 0), pads=[1] * 4)
    image.scale = before * float(np.median(scales)) * 127 * np.sqrt(stored[0].size)
    model.qdq(image.scale, int(rng.integers(-128, 128)))
    image.scale = (image.scale + before) * 0.8
    model.then("Add", start).qdq(image.scale, int(rng.integers(-128, 128)))
    return int(macs)
