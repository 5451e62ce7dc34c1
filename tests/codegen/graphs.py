"""Small networks that are no line: what the tests of branches, inputs and outputs are made of."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.codegen.models import QdqModel, random_layer

SCALE = np.float32(0.05)
# No round number: a multiplier of a hundredth would make ties, which onnxruntime decides by chance.
WEIGHT_SCALE = np.float32(0.0093)


def dense(model: QdqModel, rng: np.random.Generator, outputs: int, inputs: int) -> QdqModel:
    """A fully connected layer with ReLU, quantized."""
    weights, bias = random_layer(rng, outputs, inputs)
    model.gemm(weights, WEIGHT_SCALE, bias, SCALE * WEIGHT_SCALE)
    return model.then("Relu").qdq(SCALE, -128)


def diamond(seed: int = 3) -> QdqModel:
    """12 → (8 → 6, 6), added → 4: one value read by two layers."""
    rng = np.random.default_rng(seed)
    model = QdqModel((1, 12)).qdq(SCALE, 3)
    fork = model.value
    model.gemm(random_layer(rng, 8, 12)[0], WEIGHT_SCALE).then("Relu").qdq(SCALE, -128)
    left = dense(model, rng, 6, 8).value
    model.at(fork).gemm(random_layer(rng, 6, 12)[0], WEIGHT_SCALE).qdq(SCALE, 5)
    model.then("Add", left).qdq(0.08, -7)
    return model.gemm(random_layer(rng, 4, 6)[0], WEIGHT_SCALE).qdq(0.03, 1)


def two_in_two_out(seed: int = 4) -> QdqModel:
    """Inputs of 10 and 9 → 8 each, added → 8; outputs: the sum, which goes on, and 3 of it."""
    rng = np.random.default_rng(seed)
    model = QdqModel((1, 10)).qdq(SCALE, -3)
    first = model.gemm(random_layer(rng, 8, 10)[0], WEIGHT_SCALE).qdq(SCALE, 0).value
    model.input("second", (1, 3, 3)).qdq(0.02, 7).then("Flatten")
    model.gemm(random_layer(rng, 8, 9)[0], WEIGHT_SCALE).qdq(SCALE, 9)
    model.then("Add", first).then("Relu").qdq(0.06, -128).output()
    return model.gemm(random_layer(rng, 3, 8)[0], WEIGHT_SCALE).qdq(0.03, 1).output()


def residual(seed: int = 5, blocks: int = 3) -> QdqModel:
    """16 → 16, and what a layer reads added to what it writes, three times; → 5."""
    rng = np.random.default_rng(seed)
    model = QdqModel((1, 16)).qdq(SCALE, 0)
    for _ in range(blocks):
        skip = model.value
        model.gemm(random_layer(rng, 16, 16)[0], WEIGHT_SCALE).then("Relu").qdq(SCALE, -128)
        model.gemm(random_layer(rng, 16, 16)[0], np.float32(0.001)).qdq(SCALE, 0)
        model.then("Add", skip).qdq(SCALE, 0)
    return model.gemm(random_layer(rng, 5, 16)[0], WEIGHT_SCALE).qdq(0.1, 1)


def convolved(
    model: QdqModel, rng: np.random.Generator, weights: tuple[int, ...], **attributes: Any
) -> QdqModel:
    """A convolution with biases; quantized."""
    stored = rng.integers(-128, 128, weights).astype(np.int8)
    bias = rng.integers(-2000, 2000, weights[0]).astype(np.int32)
    unit = SCALE * WEIGHT_SCALE
    operands = model.dequantized(stored, WEIGHT_SCALE), model.dequantized(bias, unit)
    return model.then("Conv", *operands, **attributes).qdq(SCALE, -3)


def depthwise(seed: int = 8) -> QdqModel:
    """Channels that are no multiple of four, two pixels apart."""
    rng = np.random.default_rng(seed)
    model = QdqModel((1, 6, 12, 13)).qdq(SCALE, 3)
    return convolved(model, rng, (6, 1, 3, 3), group=6, strides=[2, 2], pads=[1, 1, 1, 1])


def image(seed: int = 6) -> QdqModel:
    """2x8x6 → convolutions of every kind, pools, a residual → 3: one of each of their operators."""
    rng = np.random.default_rng(seed)
    model = QdqModel((1, 2, 8, 6)).qdq(SCALE, 3)
    convolved(model, rng, (4, 2, 3, 3), pads=[1, 1, 1, 1])
    model.then("MaxPool", kernel_shape=[2, 2], strides=[2, 2])
    skip = model.value
    convolved(model, rng, (4, 1, 3, 3), pads=[1, 1, 1, 1], group=4)
    model.then("Add", skip).then("Relu").qdq(SCALE, -128)
    model.then("AveragePool", kernel_shape=[3, 3], pads=[1, 1, 1, 1]).qdq(0.0431, -9)
    model.then("Concat", skip, axis=1).qdq(0.0611, -4)
    model.then("Pad", model.constant([0, 0, 0, 1, 0, 0, 0, 0], np.int64)).qdq(0.0611, -4)
    stored = rng.integers(-128, 128, (8, 2, 2, 2)).astype(np.int8)
    model.then("ConvTranspose", model.dequantized(stored, WEIGHT_SCALE), strides=[2, 2])
    model.qdq(SCALE, 1).then("Transpose", perm=[0, 2, 1, 3]).then("Flatten")
    return model.gemm(random_layer(rng, 3, 128)[0], WEIGHT_SCALE).qdq(0.9, 1)


def left_in_float(seed: int = 8) -> QdqModel:
    """What quantizers leave out: (x - 3) / 5 before the input's Q, a bias between two steps,
    weights around a zero point, Tanh behind a layer, float weights in the end."""
    rng = np.random.default_rng(seed)
    model = QdqModel((1, 6))
    model.then("Sub", model.constant(np.float32(3))).then("Div", model.constant(np.float32(5)))
    model.qdq(SCALE, 3)
    stored = rng.integers(0, 256, (5, 6)).astype(np.uint8)
    bias = model.constant(rng.normal(0, 1, 5).astype(np.float32))
    model.then("Gemm", model.dequantized(stored, WEIGHT_SCALE, 100), bias, transB=1)
    model.then("Tanh").qdq(1 / 128, 0)
    weights = model.constant(rng.normal(0, 1, (5, 3)).astype(np.float32))
    return model.then("MatMul", weights)


def classes(quantized: bool = True) -> QdqModel:
    """12 → 10, with a float bias, and a Softmax of these sums, which nobody quantized."""
    rng, model = np.random.default_rng(8), QdqModel((1, 12)).qdq(SCALE, 3)
    weights = rng.integers(-128, 128, (10, 12)).astype(np.int8)
    model.gemm(weights, 0.003, rng.normal(size=10).astype(np.float32)).then("Softmax", axis=-1)
    return model.qdq(1 / 256, -128) if quantized else model


def every_end(seed: int = 9) -> QdqModel:
    """Inputs of 7 float numbers and 6 uint8; outputs: 5 of int8, the class among them, int32, and
    3 in float32. Of one byte after the other, the last two begin at odd addresses."""
    rng = np.random.default_rng(seed)
    model = QdqModel((1, 7)).qdq(SCALE, -3)
    first = model.gemm(random_layer(rng, 5, 7)[0], WEIGHT_SCALE).qdq(SCALE, 0).value
    model.input("second", (1, 2, 3), np.uint8).dequantize(0.02, 131, np.uint8).then("Flatten")
    model.gemm(random_layer(rng, 5, 6)[0], WEIGHT_SCALE).qdq(SCALE, 9)
    sums = model.then("Add", first).qdq(0.06, -7).output().value
    model.then("ArgMax", axis=1, keepdims=0).output()
    return model.at(sums).gemm(random_layer(rng, 3, 5)[0], WEIGHT_SCALE).output()


def assorted(seed: int = 8) -> QdqModel:
    """3x4 → operators that `image` has none of."""
    model = QdqModel((1, 3, 2, 2)).qdq(SCALE, 3)
    model.then("PRelu", model.constant(np.array([[[0.5]], [[-2]], [[1]]], np.float32)))
    model.qdq(0.06, 4)
    factors = model.constant([0.7, -1.1, 0.3], np.float32)
    ones = model.constant([1, 1, 1], np.float32)
    model.then("BatchNormalization", factors, ones, ones, ones).qdq(0.0471, 3)
    sizes = model.constant([1, 3, 3, 4], np.int64)
    model.then("Resize", "", "", sizes, mode="linear", coordinate_transformation_mode="asymmetric")
    image = model.qdq(0.0467, 2).value
    turned = model.then("Transpose", perm=[0, 1, 3, 2]).qdq(0.0467, 2).value
    model.at(model.add("MatMul", [image, turned])).qdq(0.0913, -5)
    model.then("LogSoftmax", axis=1).qdq(0.1, 127).output()
    return model.then("ArgMax", axis=2).output()


GRAPHS = {
    "diamond": diamond,
    "two_in_two_out": two_in_two_out,
    "residual": residual,
    "image": image,
    "assorted": assorted,
}
