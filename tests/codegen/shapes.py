"""Networks of known shapes with seeded weights: what memory and kernels are measured on.

`python -m tests.codegen.shapes DIR NAME…` writes some of them into a folder.

MLPerf Tiny's (Banbury et al., "MLPerf Tiny Benchmark"): image classification is ResNet-8, keyword
spotting a DS-CNN, visual wake words MobileNetV1 with a quarter of its channels. LeNet-5, a small
MobileNetV2 and a small U-Net read images of 28 x 28.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np

from codegen.ir.graph import Graph
from codegen.reader.qdq import read_graph
from support.errors import run_cli
from tests.codegen.models import QdqModel

SCALE = 0.03
SAME, STRIDED = (1, 1, 1, 1), (0, 0, 1, 1)


class Shaped(QdqModel):
    """A network that grows by quantized layers; weights are normal, so that values keep their
    spread."""

    def __init__(self, channels: int, rows: int, columns: int) -> None:
        super().__init__((1, channels, rows, columns))
        self.qdq(SCALE, 0)
        self.channels = channels
        self.random = np.random.default_rng(channels * rows * columns)

    def conv(
        self,
        filters: int,
        kernel: tuple[int, int] = (3, 3),
        stride: int = 1,
        pads: tuple[int, int, int, int] = SAME,
        *,
        relu: bool = True,
        depthwise: bool = False,
    ) -> Shaped:
        """A convolution with a bias, and its ReLU; filters of their own scales."""
        depth = 1 if depthwise else self.channels
        shape = (filters, depth, *kernel)
        # Filters differ in size as trained ones do; the largest weight of each is 127 or -127.
        real = self.random.normal(0, 1, shape) * 1.5 / np.sqrt(np.prod(shape[1:]))
        real *= np.exp(self.random.normal(0, 0.3, (filters, 1, 1, 1)))
        scales = (np.abs(real).reshape(filters, -1).max(1) / 127).astype(np.float32)
        stored = np.rint(real / scales.reshape(-1, 1, 1, 1)).astype(np.int8)
        zeros = np.zeros(filters)
        bias = self.random.integers(-500, 500, filters).astype(np.int32)
        self.then(
            "Conv",
            self.dequantized(stored, scales, zeros, 0),
            self.dequantized(bias, np.float32(SCALE) * scales, zeros, 0),
            strides=[stride, stride],
            pads=list(pads),
            group=self.channels if depthwise else 1,
        )
        self.channels = filters
        if relu:
            self.then("Relu")
        self.qdq(SCALE, -128 if relu else 0)
        return self

    def pointwise(self, filters: int, *, relu: bool = True) -> Shaped:
        """A convolution of single pixels."""
        return self.conv(filters, (1, 1), 1, (0, 0, 0, 0), relu=relu)

    def depthwise(self, stride: int = 1, pads: tuple[int, int, int, int] | None = None) -> Shaped:
        """A filter for each channel."""
        pads = (SAME if stride == 1 else STRIDED) if pads is None else pads
        return self.conv(self.channels, (3, 3), stride, pads, depthwise=True)

    def added(self, skipped: str, *, relu: bool) -> Shaped:
        """The sum with another value."""
        self.value = self.add("Add", [self.value, skipped])
        if relu:
            self.then("Relu")
        self.qdq(SCALE, -128 if relu else 0)
        return self

    def head(self, *sizes: int, softmax: bool = False) -> Shaped:
        """Fully connected layers of the flattened values."""
        self.then("Flatten", axis=1)
        for outputs in sizes[1:]:
            stored = self.random.normal(0, 30, (outputs, sizes[0]))
            weights = np.clip(np.rint(stored), -127, 127).astype(np.int8)
            self.gemm(weights, 1.5 / 30 / np.sqrt(sizes[0]))
            sizes = (outputs, *sizes[2:])
            if len(sizes) > 1:
                self.then("Relu")
            self.qdq(SCALE, -128 if len(sizes) > 1 else 0)
        if softmax:
            self.then("Softmax", axis=1).qdq(1 / 256, -128)
        return self

    def pool(self, kind: str = "MaxPool", kernel: tuple[int, int] = (2, 2)) -> Shaped:
        """A pool whose windows do not overlap."""
        self.then(kind, kernel_shape=list(kernel), strides=list(kernel))
        if kind != "MaxPool":
            self.qdq(SCALE, -128)
        return self


def image_classification() -> QdqModel:
    """ResNet-8 of 32 x 32 x 3."""
    net = Shaped(3, 32, 32).conv(16)
    for filters, stride in ((16, 1), (32, 2), (64, 2)):
        skipped, channels = net.value, net.channels
        net.conv(filters, (3, 3), stride, SAME if stride == 1 else STRIDED)
        net.conv(filters, relu=False)
        if stride == 2:
            made = net.value
            net.value, net.channels = skipped, channels
            net.conv(filters, (1, 1), 2, (0, 0, 0, 0), relu=False)
            skipped, net.value = net.value, made
        net.added(skipped, relu=True)
    return net.pool("AveragePool", (8, 8)).head(64, 10, softmax=True)


def keyword_spotting() -> QdqModel:
    """A DS-CNN of 49 x 10."""
    net = Shaped(1, 49, 10).conv(64, (10, 4), 2, (4, 1, 5, 1))
    for _ in range(4):
        net.depthwise().pointwise(64)
    return net.pool("AveragePool", (25, 5)).head(64, 12, softmax=True)


def visual_wake_words() -> QdqModel:
    """MobileNetV1 0.25 of 96 x 96 x 3."""
    net = Shaped(3, 96, 96).conv(8, (3, 3), 2, STRIDED)
    blocks = ((16, 1), (32, 2), (32, 1), (64, 2), (64, 1), (128, 2))
    for filters, stride in blocks + ((128, 1),) * 5 + ((256, 2), (256, 1)):
        net.depthwise(stride).pointwise(filters)
    return net.pool("AveragePool", (3, 3)).head(256, 2, softmax=True)


def lenet_5() -> QdqModel:
    """LeNet-5 of 28 x 28."""
    net = Shaped(1, 28, 28).conv(6, (5, 5), 1, (2, 2, 2, 2)).pool()
    net.conv(16, (5, 5), 1, (0, 0, 0, 0)).pool()
    return net.head(400, 120, 84, 10)


def mobilenet_v2() -> QdqModel:
    """A small MobileNetV2 of 28 x 28."""
    net = Shaped(1, 28, 28).conv(8, (3, 3), 2, SAME)
    blocks = ((16, 1, 8), (32, 2, 16), (64, 1, 16), (64, 2, 24), (96, 1, 24))
    for wide, stride, filters in blocks:
        skipped = net.value
        net.pointwise(wide).depthwise(stride, SAME).pointwise(filters, relu=False)
        if stride == 1:
            net.added(skipped, relu=False)
    return net.pointwise(64).pool("AveragePool", (4, 4)).head(64, 10)


def u_net() -> QdqModel:
    """A small U-Net of 28 x 28: two skips, nearest neighbours upwards."""
    net = Shaped(1, 28, 28)
    skips = []
    for filters in (4, 8):
        skips.append((net.conv(filters).value, filters))
        net.pool()
    net.conv(16)
    for skipped, filters in reversed(skips):
        sizes = net.constant(np.array([1, 1, 2, 2], np.float32))
        net.then(
            "Resize",
            "",
            sizes,
            mode="nearest",
            nearest_mode="floor",
            coordinate_transformation_mode="asymmetric",
        )
        net.value = net.add("Concat", [net.value, skipped], axis=1)
        net.qdq(SCALE, -128)
        net.channels += filters
        net.conv(filters)
    net.pointwise(1, relu=False)
    net.then("Sigmoid").qdq(1 / 256, -128)
    return net


NETWORKS: dict[str, Callable[[], QdqModel]] = {
    "VWW": visual_wake_words,
    "IC": image_classification,
    "KWS": keyword_spotting,
    "LeNet-5": lenet_5,
    "mbv2s": mobilenet_v2,
    "unet": u_net,
}


def shaped(name: str, folder: Path) -> Graph:
    """A network of `NETWORKS`, as the reader takes it."""
    return read_graph(NETWORKS[name]().save(folder / "shaped.onnx"))


def file_name(name: str) -> str:
    """The file of a network of `NETWORKS`."""
    return f"{name.lower().replace('-', '_')}.onnx"


def main() -> int:
    """Write networks of `NETWORKS`."""
    parser = argparse.ArgumentParser(prog="python -m tests.codegen.shapes", description=__doc__)
    parser.add_argument("out", type=Path, help="folder to write into")
    parser.add_argument("names", nargs="+", choices=NETWORKS)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name in arguments.names:
        NETWORKS[name]().save(arguments.out / file_name(name))
    return 0


if __name__ == "__main__":
    run_cli("shapes", main)
