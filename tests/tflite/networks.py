"""Networks of one or a few operators, each written as a converter would."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from tests.tflite.models import NONE, RELU, RELU6, RELU_N1_TO_1, SAME, VALID, TfliteModel

Build = Callable[[], TfliteModel]
IMAGE = (1, 6, 5, 4)


def side(size: int, kernel: int, stride: int, padding: int, dilation: int = 1) -> int:
    """Positions of a window along an axis."""
    if padding == SAME:
        return -(-size // stride)
    return (size - dilation * (kernel - 1) - 1) // stride + 1


def convolution(
    model: TfliteModel,
    outputs: int,
    kernel: tuple[int, int] = (3, 3),
    *,
    padding: int = SAME,
    strides: tuple[int, int] = (1, 1),
    dilations: tuple[int, int] = (1, 1),
    activation: int = NONE,
    groups: int = 1,
    depthwise: int = 0,
    bias: bool = True,
    scale: float = 0.713,
    zero: int = -9,
    per_channel: bool = True,
) -> TfliteModel:
    """A CONV_2D, or a DEPTHWISE_CONV_2D of a multiplier, at the end of the line."""
    rng = np.random.default_rng(outputs + 7 * kernel[0] + strides[0])
    _, height, width, channels = model.shapes[model.value]
    shape = (outputs, *kernel, channels // groups)
    axis = 0
    if depthwise:
        outputs, axis = channels * depthwise, 3
        shape = (1, *kernel, outputs)
    weights = rng.integers(-127, 128, shape).astype(np.int8)
    scales = rng.uniform(0.002, 0.02, outputs if per_channel else 1).astype(np.float32)
    operands = [model.constant(weights, scales, 0, axis)]
    if bias:
        source = np.float32(model.quantization[model.value][0])
        values = rng.integers(-3000, 3000, outputs).astype(np.int32)
        operands.append(model.constant(values, source * scales))
    options: dict[str, Any] = {
        "Padding": padding,
        "StrideH": strides[0],
        "StrideW": strides[1],
        "FusedActivationFunction": activation,
        "DilationHFactor": dilations[0],
        "DilationWFactor": dilations[1],
    }
    if depthwise:
        options["DepthMultiplier"] = depthwise
    table = "DepthwiseConv2DOptions" if depthwise else "Conv2DOptions"
    size = [
        side(n, k, s, padding, d)
        for n, k, s, d in zip((height, width), kernel, strides, dilations, strict=True)
    ]
    kind = "DEPTHWISE_CONV_2D" if depthwise else "CONV_2D"
    return model.then(kind, operands, (1, *size, outputs), scale, zero, options=(table, options))


def conv(shape: Sequence[int] = IMAGE, outputs: int = 5, **how: Any) -> TfliteModel:
    """A network of one convolution."""
    return convolution(TfliteModel().input(shape), outputs, **how)


def dense(model: TfliteModel, outputs: int, **how: Any) -> TfliteModel:
    """A FULLY_CONNECTED at the end of the line."""
    rng = np.random.default_rng(outputs)
    shape = model.shapes[model.value]
    columns = int(np.prod(shape[1:]))
    weights = rng.integers(-127, 128, (outputs, columns)).astype(np.int8)
    source, scale = np.float32(model.quantization[model.value][0]), np.float32(0.0113)
    operands = [model.constant(weights, scale)]
    if how.get("bias", True):
        values = rng.integers(-3000, 3000, outputs).astype(np.int32)
        operands.append(model.constant(values, source * scale))
    options = {"FusedActivationFunction": how.get("activation", NONE)}
    return model.then(
        "FULLY_CONNECTED",
        operands,
        (1, outputs),
        0.61,
        11,
        options=("FullyConnectedOptions", options),
    )


def pool(
    kind: str,
    kernel: tuple[int, int] = (3, 3),
    strides: tuple[int, int] = (2, 2),
    padding: int = SAME,
    activation: int = NONE,
) -> TfliteModel:
    """A pool; .tflite's keep scale and zero point."""
    model = TfliteModel().input(IMAGE)
    size = [side(n, k, s, padding) for n, k, s in zip(IMAGE[1:3], kernel, strides, strict=True)]
    options = {
        "Padding": padding,
        "StrideH": strides[0],
        "StrideW": strides[1],
        "FilterHeight": kernel[0],
        "FilterWidth": kernel[1],
        "FusedActivationFunction": activation,
    }
    return model.then(kind, [], (1, *size, 4), options=("Pool2DOptions", options))


def two(kind: str, activation: int = NONE, shape: Sequence[int] = IMAGE) -> TfliteModel:
    """Two inputs, the second broadcast if `shape` is smaller."""
    model = TfliteModel().input(IMAGE).input(shape, 0.0377, -21)
    output = model.tensor(IMAGE, 0.0831, 5)
    options = (f"{kind.capitalize()}Options", {"FusedActivationFunction": activation})
    return model.operator(kind, model.inputs, [output], options)


def with_constant(kind: str, shape: Sequence[int], after_conv: bool = False) -> TfliteModel:
    """A constant of bytes as the second operand."""
    model = conv(outputs=4) if after_conv else TfliteModel().input(IMAGE)
    values = np.random.default_rng(3).integers(-128, 128, shape).astype(np.int8)
    constant = model.constant(values, 0.0377, -21)
    options = (f"{kind.capitalize()}Options", {"FusedActivationFunction": NONE})
    scale = 2.3 if kind == "MUL" else 0.917
    return model.then(kind, [constant], model.shapes[model.value], scale, 5, options=options)


def function(
    kind: str,
    scale: float = 0.0391,
    zero: int = 2,
    options: tuple[str, dict[str, Any]] | None = None,
    source: float = 0.0491,
) -> TfliteModel:
    """A function of every element."""
    model = TfliteModel().input((1, 256), source)
    return model.then(kind, [], (1, 256), scale, zero, options=options)


def moving(
    kind: str,
    operands: Callable[[TfliteModel], list[int]],
    shape: Sequence[int],
    options: tuple[str, dict[str, Any]] | None = None,
    after_conv: bool = False,
) -> TfliteModel:
    """An operator that moves bytes, of the input or behind a convolution."""
    model = conv(outputs=4) if after_conv else TfliteModel().input(IMAGE)
    model.then(kind, operands(model), shape, options=options)
    # So that something is computed whatever moves.
    return model.then("TANH", [], shape, 1 / 128, 0)


def shape_of(*sizes: int) -> Callable[[TfliteModel], list[int]]:
    """One operand of integers."""
    return lambda model: [model.integers(*sizes)]


def concatenation(axis: int, after_conv: bool = False) -> TfliteModel:
    """Two values along an axis, of one quantization: LiteRT joins no others."""
    model = TfliteModel().input(IMAGE)
    first = model.value
    if after_conv:
        first = convolution(model, 4, scale=0.0491, zero=3).value
        model.value = model.inputs[0]
        convolution(model, 4, (1, 1), scale=0.0491, zero=3)
    else:
        model.input(IMAGE)
    shape = list(IMAGE)
    shape[axis] *= 2
    output = model.tensor(shape, 0.0491, 3)
    options = ("ConcatenationOptions", {"Axis": axis, "FusedActivationFunction": NONE})
    return model.operator("CONCATENATION", [first, model.value], [output], options)


def strided(
    begin: list[int], end: list[int], steps: list[int], shape: list[int], **masks: int
) -> TfliteModel:
    """A STRIDED_SLICE of an image."""
    return moving(
        "STRIDED_SLICE",
        lambda model: [model.integers(*values) for values in (begin, end, steps)],
        shape,
        ("StridedSliceOptions", masks),
    )


def mean(axes: Sequence[int], keep: bool, shape: Sequence[int], after: bool = False) -> TfliteModel:
    """A MEAN over axes of an image."""
    model = conv(outputs=4) if after else TfliteModel().input(IMAGE)
    options = ("ReducerOptions", {"KeepDims": keep})
    return model.then("MEAN", [model.integers(*axes)], shape, 0.0317, -2, options=options)


def splitting(axis: int, after_conv: bool = False) -> TfliteModel:
    """A SPLIT into two, whose parts are added."""
    model = conv(outputs=4) if after_conv else TfliteModel().input(IMAGE)
    source, shape = model.value, list(IMAGE)
    shape[axis] //= 2
    scale, zero, _ = model.quantization[source]
    parts = [model.tensor(shape, scale, zero) for _ in (0, 1)]
    model.operator(
        "SPLIT", [model.constant(np.int32(axis)), source], parts, ("SplitOptions", {"NumSplits": 2})
    )
    output = model.tensor(shape, scale * 2.1, 5)
    return model.operator("ADD", parts, [output], ("AddOptions", {"FusedActivationFunction": NONE}))


def splitting_by_sizes() -> TfliteModel:
    """A SPLIT_V into unequal parts, of which the second goes on."""
    model = TfliteModel().input(IMAGE)
    parts = [model.tensor((1, rows, 5, 4), 0.0491, 3) for rows in (1, 5)]
    sizes, axis = model.integers(1, 5), model.constant(np.int32(1))
    options = ("SplitVOptions", {"NumSplits": 2})
    model.operator("SPLIT_V", [model.value, sizes, axis], parts, options)
    model.value = parts[1]
    return model.then("TANH", [], (1, 5, 5, 4), 1 / 128, 0)


def nearest(size: tuple[int, int], after_conv: bool = False, **how: bool) -> TfliteModel:
    """A RESIZE_NEAREST_NEIGHBOR."""
    options = ("ResizeNearestNeighborOptions", how)
    shape = (1, *size, 4)
    return moving("RESIZE_NEAREST_NEIGHBOR", shape_of(*size), shape, options, after_conv)


def small_network() -> TfliteModel:
    """What a converter makes of a residual network: a few of everything."""
    model = convolution(TfliteModel().input((1, 9, 8, 3)), 4, strides=(2, 2), activation=RELU)
    skipped = model.value
    convolution(model, 0, depthwise=1, activation=RELU6, scale=0.7, zero=-128)
    convolution(model, 4, (1, 1), scale=0.9, zero=4)
    output = model.tensor((1, 5, 4, 4), 1.13, -128)
    added = ("AddOptions", {"FusedActivationFunction": RELU})
    model.operator("ADD", [skipped, model.value], [output], added)
    model.then("MEAN", [model.integers(1, 2)], (1, 4), 0.57, -128, options=("ReducerOptions", {}))
    dense(model, 6)
    return model.then(
        "SOFTMAX", [], (1, 6), 1 / 256, -128, options=("SoftmaxOptions", {"Beta": 1.0})
    )


def ends_of(dtype: Any) -> TfliteModel:
    """QUANTIZE at the front and its inverse behind, as converters put them for other ends."""
    model = TfliteModel()
    if dtype == np.uint8:
        model.input(IMAGE, 0.0491, 131, np.uint8)
    else:
        model.input(IMAGE, (), 0, np.float32)
    convolution(model.then("QUANTIZE", [], IMAGE, 0.0491, 3), 3)
    shape = model.shapes[model.value]
    if dtype == np.uint8:
        return model.then("QUANTIZE", [], shape, 0.713, 119, dtype=np.uint8)
    return model.then("DEQUANTIZE", [], shape, (), 0, dtype=np.float32)


def _signal() -> TfliteModel:
    """A convolution of one dimension, as Keras' Conv1D becomes."""
    model = TfliteModel().input((1, 12, 3))
    model.then("EXPAND_DIMS", [model.integers(1)], (1, 1, 12, 3))
    convolution(model, 4, (1, 5), activation=RELU)
    return model.then("SQUEEZE", [], (1, 12, 4), options=("SqueezeOptions", {"SqueezeDims": [1]}))


def _in_front() -> TfliteModel:
    """An axis in front of all, counted from behind."""
    model = TfliteModel().input((1, 12))
    model.then("EXPAND_DIMS", [model.integers(-3)], (1, 1, 12))
    return model.then("TANH", [], (1, 1, 12), 1 / 128, 0)


WITH_SHAPE = partial(moving, "RESHAPE")
PADS = np.array([[0, 0], [1, 2], [0, 3], [0, 0]], np.int32)

NETWORKS: Mapping[str, Build] = {
    "conv": conv,
    "conv_valid": partial(conv, padding=VALID),
    "conv_strides": partial(conv, strides=(2, 3)),
    "conv_dilations": partial(conv, (1, 9, 8, 3), dilations=(2, 3)),
    "conv_per_tensor": partial(conv, per_channel=False),
    "conv_groups": partial(conv, outputs=6, groups=2),
    "conv_relu": partial(conv, activation=RELU, scale=0.4),
    "conv_relu6": partial(conv, activation=RELU6, scale=0.06),
    "conv_relu_n1_to_1": partial(conv, activation=RELU_N1_TO_1, scale=0.02),
    "depthwise": partial(conv, depthwise=1, scale=0.21),
    "depthwise_multiplier": partial(conv, depthwise=3, strides=(2, 2), scale=0.19),
    "depthwise_valid_dilated": partial(
        conv, (1, 9, 8, 3), depthwise=1, padding=VALID, dilations=(2, 2), scale=0.2
    ),
    "of_a_signal": _signal,
    "in_front": _in_front,
    "dense": lambda: dense(TfliteModel().input((1, 20)), 7),
    "dense_no_bias": lambda: dense(TfliteModel().input((1, 20)), 7, bias=False),
    "dense_relu": lambda: dense(TfliteModel().input((1, 20)), 7, activation=RELU),
    "dense_of_an_image": lambda: dense(conv(outputs=2), 5),
    "max_pool": partial(pool, "MAX_POOL_2D"),
    "max_pool_valid_relu": partial(pool, "MAX_POOL_2D", (2, 2), (1, 2), VALID, RELU),
    "average_pool": partial(pool, "AVERAGE_POOL_2D"),
    "average_pool_valid": partial(pool, "AVERAGE_POOL_2D", (3, 3), (1, 1), VALID),
    "add": partial(two, "ADD"),
    "add_relu6": partial(two, "ADD", RELU6),
    "add_channels": partial(two, "ADD", shape=(1, 1, 1, 4)),
    "sub": partial(two, "SUB"),
    "mul": partial(two, "MUL"),
    "mul_channels": partial(two, "MUL", shape=(1, 1, 1, 4)),
    "add_constant": partial(with_constant, "ADD", (4,)),
    "mul_constant_after_conv": partial(with_constant, "MUL", (4,), True),
    "sub_constant_after_conv": partial(with_constant, "SUB", (1, 1, 5, 1), True),
    "mean": partial(mean, (1, 2), False, (1, 4)),
    "mean_keep": partial(mean, (1, 2), True, (1, 1, 1, 4)),
    "mean_after_conv": partial(mean, (1, 2), False, (1, 4), True),
    "relu": partial(function, "RELU", 0.0491, 3),
    "relu_to_a_larger_scale": partial(function, "RELU", 0.171, 12),
    "relu6": partial(function, "RELU6", 0.0235, -128),
    "relu6_to_a_larger_scale": partial(function, "RELU6", 0.143, -90),
    "logistic": partial(function, "LOGISTIC", 1 / 256, -128),
    "tanh": partial(function, "TANH", 1 / 128, 0),
    "hard_swish": partial(function, "HARD_SWISH", 0.037, -100),
    "hard_swish_of_large_values": partial(function, "HARD_SWISH", 0.0521, -9, source=0.0873),
    "leaky_relu_of_another_scale": partial(
        function, "LEAKY_RELU", 0.0147, -31, ("LeakyReluOptions", {"Alpha": 0.23})
    ),
    "requantize_far": partial(function, "QUANTIZE", 0.0491 / 300, 5),
    "leaky_relu": partial(function, "LEAKY_RELU", 0.0491, 3, ("LeakyReluOptions", {"Alpha": 0.1})),
    "gelu": partial(function, "GELU", 0.037, -100, ("GeluOptions", {"Approximate": False})),
    "relu_n1_to_1": partial(function, "RELU_N1_TO_1", 0.0491, 3),
    "elu": partial(function, "ELU", 0.037, -100),
    "requantize": partial(function, "QUANTIZE", 0.0391, -7),
    "reshape": partial(WITH_SHAPE, shape_of(1, 10, 12), (1, 10, 12)),
    "reshape_after_conv": partial(WITH_SHAPE, shape_of(1, -1), (1, 120), None, True),
    "transpose": partial(moving, "TRANSPOSE", shape_of(0, 2, 3, 1), (1, 5, 4, 6)),
    "transpose_after_conv": partial(
        moving, "TRANSPOSE", shape_of(0, 3, 1, 2), (1, 4, 6, 5), None, True
    ),
    "pad": partial(moving, "PAD", lambda m: [m.constant(PADS)], (1, 9, 8, 4)),
    "mirror_pad": partial(
        moving, "MIRROR_PAD", lambda m: [m.constant(PADS)], (1, 9, 8, 4), ("MirrorPadOptions", {})
    ),
    "pad_value": partial(
        moving,
        "PADV2",
        lambda m: [m.constant(PADS), m.constant(np.int8(77), 0.0491, 3)],
        (1, 9, 8, 4),
    ),
    "pad_after_conv": partial(
        moving, "PAD", lambda m: [m.constant(PADS)], (1, 9, 8, 4), None, True
    ),
    "squeeze": partial(mean, (1,), True, (1, 1, 5, 4)),
    "split_sizes": splitting_by_sizes,
    "reduce_max": partial(moving, "REDUCE_MAX", shape_of(1, 2), (1, 4), ("ReducerOptions", {})),
    "softmax": lambda: (
        TfliteModel()
        .input((1, 30), 0.0871)
        .then("SOFTMAX", [], (1, 30), 1 / 256, -128, options=("SoftmaxOptions", {"Beta": 1.0}))
    ),
    "concat": partial(concatenation, 3),
    "concat_rows": partial(concatenation, 1),
    "concat_after_conv": partial(concatenation, 3, True),
    "split": partial(splitting, 3),
    "split_after_conv": partial(splitting, 1, True),
    "slice": partial(
        moving, "SLICE", lambda m: [m.integers(0, 1, 0, 2), m.integers(1, 3, -1, 2)], (1, 3, 5, 2)
    ),
    "strided_slice": partial(strided, [0, 1, 0, 0], [1, 6, 5, 4], [1, 2, 1, 3], [1, 3, 5, 2]),
    "strided_slice_masks": partial(
        strided, [0, 9, 2, 0], [0, 0, 9, 9], [1, 1, 1, 1], [1, 6, 3, 4], BeginMask=3, EndMask=15
    ),
    "strided_slice_shrinks": partial(
        strided, [0, -1, 0, 0], [1, 0, 5, 4], [1, 1, 1, 1], [1, 5, 4], ShrinkAxisMask=2
    ),
    "strided_slice_backwards": partial(
        strided, [0, -1, 0, 0], [1, -7, 5, 4], [1, -1, 1, 1], [1, 6, 5, 4]
    ),
    "nearest": partial(nearest, (12, 10)),
    "nearest_after_conv": partial(nearest, (12, 10), True, HalfPixelCenters=True),
    "nearest_odd": partial(nearest, (13, 7), HalfPixelCenters=True),
    "nearest_corners": partial(nearest, (11, 4), AlignCorners=True),
    "uint8_ends": partial(ends_of, np.uint8),
    "small_network": small_network,
}
