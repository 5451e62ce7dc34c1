"""Random graphs of random operators: branches, images and vectors, several inputs and outputs.

What grows is a `QdqModel`; each operator takes one or two of the values that are there and adds one
or more. Values that nobody has read when it stops growing are the outputs.
`tests.codegen.dag_campaign` runs thousands of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np

from tests.codegen.models import Array, QdqModel

Rng = np.random.Generator
Shape = tuple[int, ...]

# Elements of a value at most, channels at most, operators of a network.
LARGEST = 2_000
CHANNELS = 12
OPERATORS = (3, 12)


@dataclass(frozen=True)
class Live:
    """A float value that can be read.

    Attributes:
        scale: of a byte of it; half of its values lie within 64 of them, about.
        quantized: a DequantizeLinear wrote it, and not what only moves or compares values.
    """

    name: str
    shape: Shape
    scale: float
    zero_point: int
    quantized: bool = True


@dataclass
class Growing:
    """A model while it grows.

    Attributes:
        unread: values that nobody reads yet; the last ones are the newest.
    """

    rng: Rng
    model: QdqModel
    dtype: Any
    values: list[Live] = field(default_factory=list)
    unread: list[Live] = field(default_factory=list)

    def maybe(self, probability: float) -> bool:
        """Yes that often."""
        return bool(self.rng.random() < probability)

    def between(self, low: int, high: int) -> int:
        """Both ends included."""
        return int(self.rng.integers(low, high + 1))

    def pick(self) -> Live:
        """A value to read: mostly one that nobody has read."""
        pool = self.unread if self.unread and self.maybe(0.8) else self.values
        found = pool[self.rng.integers(len(pool))]
        self.read(found)
        return found

    def read(self, value: Live) -> None:
        """Note that somebody reads it."""
        if value in self.unread:
            self.unread.remove(value)

    def zero_point(self) -> int:
        """Both ends, the middle, and others."""
        return int(self.rng.choice([-128, 127, 0, *self.rng.integers(-60, 60, 5)]))

    def write(self, shape: Shape, scale: float, zero_point: int | None = None) -> None:
        """Quantize the end of the line."""
        scale = float(np.float32(scale * self.rng.uniform(0.5, 1.5)))
        zero = self.zero_point() if zero_point is None else zero_point
        self.model.qdq(scale, zero + (128 if self.dtype == np.uint8 else 0), self.dtype)
        self.keep(Live(self.model.value, shape, scale, zero))

    def pass_on(self, source: Live, shape: Shape) -> None:
        """What only moves or compares values may go on without a Q, with its own, or another."""
        kind = self.rng.integers(3)
        if kind == 0:
            self.keep(Live(self.model.value, shape, source.scale, source.zero_point, False))
        elif kind == 1 and source.quantized:
            zero = source.zero_point + (128 if self.dtype == np.uint8 else 0)
            self.model.qdq(source.scale, zero, self.dtype)
            self.keep(Live(self.model.value, shape, source.scale, source.zero_point))
        else:
            self.write(shape, source.scale)

    def keep(self, value: Live) -> None:
        """A new value that can be read."""
        self.values.append(value)
        self.unread.append(value)

    def integers(self, values: Any) -> str:
        """A constant of int64."""
        return self.model.constant(values, np.int64)


def random_dag(rng: Rng) -> QdqModel:
    """A network of one to three inputs and 3 to 12 operators."""
    dtype = np.uint8 if rng.random() < 0.3 else np.int8
    model = QdqModel(_first_shape(rng))
    model.opset = 18
    growing = Growing(rng, model, dtype)
    growing.write(model.shape, 0.05)
    for number in range(int(rng.choice([0, 0, 1, 2]))):
        # Often of the same shape, so that they can meet.
        shape = model.shape if rng.random() < 0.6 else _first_shape(rng)
        model.input(f"input_{number + 2}", shape)
        growing.write(shape, 0.05)
    wanted = growing.between(*OPERATORS)
    grown = 0
    while grown < wanted:
        grown += _grow(growing)
    _end(growing)
    return model


def _first_shape(rng: Rng) -> Shape:
    if rng.random() < 0.15:
        return (1, int(rng.integers(1, 40)))
    if rng.random() < 0.15:
        return (1, int(rng.integers(1, 7)), int(rng.integers(3, 30)))
    return (1, int(rng.integers(1, 7)), *(int(n) for n in rng.integers(3, 11, 2)))


def _grow(growing: Growing) -> bool:
    """One operator, if the one that is drawn fits the value that is drawn."""
    value = growing.pick()
    fitting = [grow for ranks, grow in _OPERATORS if len(value.shape) in ranks]
    grow = fitting[growing.rng.integers(len(fitting))]
    growing.model.at(value.name)
    before = len(growing.model.nodes)
    grow(growing, value)
    grown = len(growing.model.nodes) > before
    if not grown and value not in growing.unread and not _is_read(growing.model, value):
        growing.unread.append(value)
    return grown


def _is_read(model: QdqModel, value: Live) -> bool:
    return any(value.name in node.input for node in model.nodes)


def _end(growing: Growing) -> None:
    """Heads for some of what nobody reads; all of it is the output."""
    given = {entry.name for entry in growing.model.inputs}
    for value in list(growing.unread):
        growing.model.at(value.name)
        straight = value.quantized and _is_input(growing.model, value, given)
        if straight or not value.quantized or growing.maybe(0.3):
            growing.read(value)
            if growing.maybe(0.5) and prod(value.shape) < 500:
                _dense(growing, value)
            else:
                _function(growing, value)
    read = [v for v in growing.values if v not in growing.unread and v.quantized]
    outputs = list(growing.unread)
    # One that others read, too: but no input, which is no output.
    if read and growing.maybe(0.2):
        outputs += [v for v in read[-1:] if not _is_input(growing.model, v, given)]
    for value in outputs:
        growing.model.at(value.name).output()


def _is_input(model: QdqModel, value: Live, given: set[str]) -> bool:
    """Whether it is one of the inputs, whatever moved or requantized it."""
    producers = {name: node for node in model.nodes for name in node.output}
    moves = {"QuantizeLinear", "DequantizeLinear", "Reshape", "Flatten", "Identity"}
    name = value.name
    while name in producers and producers[name].op_type in moves:
        name = producers[name].input[0]
    return name in given


# --- weighted sums --------------------------------------------------------------------------------


def _stored_weights(growing: Growing, shape: Shape) -> Array:
    rng = growing.rng
    weights = rng.integers(-128, 128, shape)
    if growing.maybe(0.2):
        weights = np.where(rng.random(shape) < 0.8, 0, weights)
    return weights.astype(np.int8)


def _operands(
    growing: Growing, source: Live, weights: Array, outputs: int, axis: int
) -> tuple[list[str], float]:
    """Weights and perhaps biases; the scale that fits what comes out."""
    rng, model = growing.rng, growing.model
    scale: Any = np.float32(10.0 ** rng.uniform(-4, -1))
    if growing.maybe(0.5):
        scale = (scale * rng.uniform(0.3, 1.5, outputs)).astype(np.float32)
    per_channel = axis if np.ndim(scale) else None
    names = [model.dequantized(weights, scale, np.zeros(np.shape(scale)), per_channel)]
    unit = np.float32(source.scale) * scale
    taps = max(1, weights.size // outputs)
    if growing.maybe(0.7):
        bias = rng.integers(-3000, 3001, outputs).astype(np.int32)
        if growing.maybe(0.25):
            # Whole steps of the sum: what is between them the reader rounds away.
            names.append(model.constant((bias * unit).astype(np.float32)))
        else:
            names.append(model.dequantized(bias, unit, axis=0))
    spread = float(np.max(unit)) * 74 * 74 * taps**0.5
    return names, spread / 50


def _conv(growing: Growing, source: Live) -> None:
    channels = source.shape[1]
    group = int(growing.rng.choice([1, 1, channels, *_divisors(channels)]))
    outputs = group * growing.between(1, max(1, min(3, CHANNELS // group)))
    attributes = _window(growing, source.shape, dilate=True)
    if attributes is None:
        return
    kernel, sizes = attributes.pop("kernel_shape"), attributes.pop("sizes")
    weights = _stored_weights(growing, (outputs, channels // group, *kernel))
    names, scale = _operands(growing, source, weights, outputs, 0)
    growing.model.at(source.name).then("Conv", *names, group=group, **attributes)
    _clamped(growing, (1, outputs, *sizes), scale)


def _conv_transpose(growing: Growing, source: Live) -> None:
    channels, rank = source.shape[1], len(source.shape) - 2
    group = int(growing.rng.choice([1, 1, channels]))
    each = growing.between(1, max(1, min(3, CHANNELS // group)))
    kernel = [growing.between(1, 3) for _ in range(rank)]
    strides = [growing.between(1, 3) for _ in range(rank)]
    pads = [growing.between(0, k - 1) for k in kernel * 2]
    sizes = [
        (size - 1) * stride + k - before - after
        for size, stride, k, before, after in zip(
            source.shape[2:], strides, kernel, pads[:rank], pads[rank:], strict=True
        )
    ]
    if min(sizes) < 1 or prod(sizes) * each * group > LARGEST:
        return
    weights = _stored_weights(growing, (channels, each, *kernel))
    names, scale = _operands(growing, source, weights, 1 if group > 1 else each, 1)
    if group > 1:
        names = names[:1]
    growing.model.at(source.name)
    growing.model.then("ConvTranspose", *names, group=group, strides=strides, pads=pads)
    _clamped(growing, (1, each * group, *sizes), scale)


def _dense(growing: Growing, source: Live) -> None:
    model, size, outputs = growing.model, prod(source.shape), growing.between(1, 20)
    weights = _stored_weights(growing, (outputs, size))
    names, scale = _operands(growing, source, weights, outputs, 0)
    model.at(source.name)
    if len(source.shape) > 2:
        model.then("Flatten")
    if growing.maybe(0.5):
        model.then("Gemm", *names, transB=1)
    else:
        model.then("Gemm", *names[:1], transB=1)
    _clamped(growing, (1, outputs), scale)


def _clamped(growing: Growing, shape: Shape, scale: float) -> None:
    """Behind a weighted sum, perhaps a ReLU or Clip."""
    kind = growing.rng.integers(4)
    zero = None
    if kind == 0:
        growing.model.then("Relu")
        zero = -128
    elif kind == 1:
        low, high = np.sort(growing.rng.uniform(-100, 100, 2)) * scale
        bounds = (growing.model.constant(np.float32(bound)) for bound in (low, high))
        growing.model.then("Clip", *bounds)
    growing.write(shape, scale, zero)


# --- windows and reductions -----------------------------------------------------------------------


def _window(growing: Growing, shape: Shape, *, dilate: bool) -> dict[str, Any] | None:
    """Attributes of a window with `sizes`, what comes out; None where it is too large."""
    rank = len(shape) - 2
    kernel = [growing.between(1, 3) for _ in range(rank)]
    strides = [growing.between(1, 2) for _ in range(rank)]
    dilations = [growing.between(1, 2) if dilate else 1 for _ in range(rank)]
    pads = [growing.between(0, k - 1) if growing.maybe(0.6) else 0 for k in kernel * 2]
    found: dict[str, Any] = {"kernel_shape": kernel, "strides": strides}
    if dilate:
        found["dilations"] = dilations
    # onnxruntime has no SAME with dilations, nor with steps over what the window never sees.
    wide = all(k >= stride for k, stride in zip(kernel, strides, strict=True))
    if growing.maybe(0.25) and wide and not (dilate and max(dilations) > 1):
        found["auto_pad"] = str(growing.rng.choice(["SAME_UPPER", "SAME_LOWER", "VALID"]))
    if found.get("auto_pad", "VALID") == "VALID" and "auto_pad" in found:
        pads = [0] * (2 * rank)
    if str(found.get("auto_pad", "")).startswith("SAME"):
        sizes = [-(-size // stride) for size, stride in zip(shape[2:], strides, strict=True)]
    else:
        spans = [d * (k - 1) + 1 for d, k in zip(dilations, kernel, strict=True)]
        span = [
            size + before + after - span
            for size, before, after, span in zip(
                shape[2:], pads[:rank], pads[rank:], spans, strict=True
            )
        ]
        if min(span) < 0:
            return None
        sizes = [r // stride + 1 for r, stride in zip(span, strides, strict=True)]
        if "auto_pad" not in found:
            found["pads"] = pads
    return {**found, "sizes": sizes}


def _pool(growing: Growing, source: Live) -> None:
    attributes = _window(growing, source.shape, dilate=False)
    if attributes is None:
        return
    shape = (1, source.shape[1], *attributes.pop("sizes"))
    if growing.maybe(0.5):
        growing.model.then("MaxPool", **attributes)
        growing.pass_on(source, shape)
    else:
        attributes["count_include_pad"] = growing.between(0, 1)
        growing.model.then("AveragePool", **attributes)
        growing.write(shape, source.scale * 0.7)


def _global(growing: Growing, source: Live) -> None:
    shape = (1, source.shape[1], *[1] * (len(source.shape) - 2))
    if growing.maybe(0.3):
        growing.model.then("GlobalMaxPool")
        growing.pass_on(source, shape)
    else:
        growing.model.then("GlobalAveragePool")
        growing.write(shape, source.scale * 0.3)


def _reduce(growing: Growing, source: Live) -> None:
    rank = len(source.shape)
    axes = [axis for axis in range(1, rank) if growing.maybe(0.5)] or [rank - 1]
    keep = growing.between(0, 1) if rank - len(axes) >= 2 else 1
    shape = tuple(
        1 if axis in axes else size
        for axis, size in enumerate(source.shape)
        if keep or axis not in axes
    )
    negative = [axis - rank if growing.maybe(0.3) else axis for axis in axes]
    operator = str(growing.rng.choice(["ReduceMean", "ReduceSum", "ReduceMax"]))
    growing.model.then(operator, growing.integers(negative), keepdims=keep)
    count = prod(source.shape) / prod(shape)
    if operator == "ReduceMax":
        growing.pass_on(source, shape)
    else:
        growing.write(shape, source.scale * (0.5 if operator == "ReduceMean" else count**0.5))


# --- elementwise ----------------------------------------------------------------------------------


def _of_two(growing: Growing, source: Live) -> None:
    """Of another value of a shape that fits, else of itself."""
    others = [v for v in growing.values if _broadcasts(v.shape, source.shape)]
    other = others[growing.rng.integers(len(others))]
    growing.read(other)
    operator = str(growing.rng.choice(["Add", "Sub", "Mul", "Min", "Max"]))
    names = [source.name, other.name]
    if growing.maybe(0.5):
        names.reverse()
    growing.model.at(growing.model.add(operator, names))
    shape = np.broadcast_shapes(source.shape, other.shape)
    scale = source.scale * other.scale * 64 if operator == "Mul" else source.scale + other.scale
    growing.write(shape, scale)


def _broadcasts(other: Shape, shape: Shape) -> bool:
    return (
        len(other) == len(shape)
        and all(a == b or 1 in (a, b) for a, b in zip(other, shape, strict=True))
        and prod(np.broadcast_shapes(other, shape)) <= LARGEST
    )


def _of_constant(growing: Growing, source: Live) -> None:
    rng = growing.rng
    shape = tuple(size if rng.random() < 0.5 else 1 for size in source.shape)
    operator = str(rng.choice(["Add", "Sub", "Mul", "Div", "Min", "Max"]))
    values = rng.uniform(-60, 60, shape) * source.scale
    scale = source.scale * 1.4
    if operator in ("Mul", "Div"):
        values, scale = rng.uniform(0.3, 2.0, shape) * rng.choice([-1, 1], shape), source.scale
    name = growing.model.constant(values, np.float32)
    first = operator != "Div" and growing.maybe(0.3)
    names = [name, source.name] if first else [source.name, name]
    growing.model.at(growing.model.add(operator, names))
    growing.write(source.shape, scale)


def _function(growing: Growing, source: Live) -> None:
    operator, scale = _FUNCTIONS[growing.rng.integers(len(_FUNCTIONS))]
    growing.model.then(operator)
    growing.write(source.shape, source.scale if scale is None else scale)


def _softmax(growing: Growing, source: Live) -> None:
    growing.model.then("Softmax", axis=-1).qdq(
        1 / 256, -128 + (128 if growing.dtype == np.uint8 else 0), growing.dtype
    )
    growing.keep(Live(growing.model.value, source.shape, 1 / 256, -128))


# --- moves ----------------------------------------------------------------------------------------


def _concat(growing: Growing, source: Live) -> None:
    axis = growing.between(1, len(source.shape) - 1)
    others = [
        v
        for v in growing.values
        if len(v.shape) == len(source.shape)
        and all(
            a == b for i, (a, b) in enumerate(zip(v.shape, source.shape, strict=True)) if i != axis
        )
    ]
    picked = [
        source,
        *(others[growing.rng.integers(len(others))] for _ in range(growing.between(1, 2))),
    ]
    size = sum(v.shape[axis] for v in picked)
    shape = (*source.shape[:axis], size, *source.shape[axis + 1 :])
    if prod(shape) > LARGEST:
        return
    for other in picked:
        growing.read(other)
    growing.model.at(growing.model.add("Concat", [v.name for v in picked], axis=axis))
    growing.write(shape, max(v.scale for v in picked))


def _slice(growing: Growing, source: Live) -> None:
    axis = growing.between(1, len(source.shape) - 1)
    size = source.shape[axis]
    step = int(growing.rng.choice([1, 1, 2, -1]))
    start, stop = sorted((growing.between(0, size - 1), growing.between(1, size)))
    if start == stop:
        start = stop - 1
    count = -(-(stop - start) // abs(step))
    if step < 0:
        start, stop = stop - 1, start - 1 if start else -size - 1
    operands = ([start], [stop], [axis], [step])
    growing.model.then("Slice", *(growing.integers(operand) for operand in operands))
    growing.pass_on(source, (*source.shape[:axis], count, *source.shape[axis + 1 :]))


def _split(growing: Growing, source: Live) -> None:
    axis = growing.between(1, len(source.shape) - 1)
    size = source.shape[axis]
    if size < 2:
        return
    first = growing.between(1, size - 1)
    sizes = [first, size - first]
    names = growing.model.split([source.name, growing.integers(sizes)], 2, axis)
    for name, part in zip(names, sizes, strict=True):
        growing.model.at(name)
        growing.pass_on(source, (*source.shape[:axis], part, *source.shape[axis + 1 :]))


def _pad(growing: Growing, source: Live) -> None:
    mode = str(growing.rng.choice(["constant", "edge", "reflect"]))
    rank = len(source.shape)
    most = [0, *(min(3, size - 1) for size in source.shape[1:])]
    pads = [growing.between(0, m) if growing.maybe(0.6) else 0 for m in most * 2]
    shape = tuple(
        size + before + after
        for size, before, after in zip(source.shape, pads[:rank], pads[rank:], strict=True)
    )
    if prod(shape) > LARGEST:
        return
    growing.model.then("Pad", growing.integers(pads), mode=mode)
    growing.write(shape, source.scale)


def _transpose(growing: Growing, source: Live) -> None:
    perm = [0, *(int(axis) for axis in growing.rng.permutation(len(source.shape) - 1) + 1)]
    growing.model.then("Transpose", perm=perm)
    growing.pass_on(source, tuple(source.shape[axis] for axis in perm))


def _reshape(growing: Growing, source: Live) -> None:
    size = prod(source.shape)
    first = int(growing.rng.choice(_divisors(size)))
    second = int(growing.rng.choice(_divisors(size // first)))
    shapes = [(1, size), (1, first, size // first), (1, first, second, size // first // second)]
    shape = shapes[growing.rng.integers(3)]
    given = list(shape)
    if growing.maybe(0.3):
        given[-1] = -1
    growing.model.then("Reshape", growing.integers(given))
    growing.pass_on(source, shape)


def _blocks(growing: Growing, source: Live) -> None:
    _, channels, height, width = source.shape
    if channels % 4 == 0:
        mode = str(growing.rng.choice(["DCR", "CRD"]))
        growing.model.then("DepthToSpace", blocksize=2, mode=mode)
        growing.pass_on(source, (1, channels // 4, height * 2, width * 2))
    elif height % 2 == 0 and width % 2 == 0 and channels <= CHANNELS:
        growing.model.then("SpaceToDepth", blocksize=2)
        growing.pass_on(source, (1, channels * 4, height // 2, width // 2))


def _resize(growing: Growing, source: Live) -> None:
    factors = [1, 1, growing.between(1, 3), growing.between(1, 3)]
    shape = tuple(a * b for a, b in zip(source.shape, factors, strict=True))
    if prod(shape) > LARGEST:
        return
    scales = growing.model.constant(factors, np.float32)
    growing.model.then(
        "Resize",
        "",
        scales,
        mode="nearest",
        nearest_mode="floor",
        coordinate_transformation_mode="asymmetric",
    )
    growing.pass_on(source, shape)


def _divisors(number: int) -> list[int]:
    return [n for n in range(1, min(number, CHANNELS) + 1) if number % n == 0]


# Operator, and the scale of a byte of its output; None for that of its input.
_FUNCTIONS: tuple[tuple[str, float | None], ...] = (
    ("Relu", None),
    ("Sigmoid", 1 / 256),
    ("Tanh", 1 / 128),
    ("LeakyRelu", None),
    ("Elu", None),
    ("Selu", None),
    ("HardSwish", None),
    ("HardSigmoid", 1 / 256),
    ("Abs", None),
    ("Neg", None),
    ("Softplus", None),
    ("Softsign", 1 / 128),
    ("Erf", 1 / 128),
    ("Mish", None),
    ("Celu", None),
)
ANY, IMAGES = (2, 3, 4), (3, 4)
Grow = Callable[[Growing, Live], None]
_OPERATORS: tuple[tuple[Shape, Grow], ...] = (
    (IMAGES, _conv),
    (IMAGES, _conv),
    (IMAGES, _conv),
    (IMAGES, _pool),
    (IMAGES, _pool),
    (IMAGES, _conv_transpose),
    (IMAGES, _global),
    (ANY, _reduce),
    ((2,), _dense),
    (ANY, _of_two),
    (ANY, _of_two),
    (ANY, _of_constant),
    (ANY, _function),
    ((2,), _softmax),
    (ANY, _concat),
    (ANY, _slice),
    (ANY, _split),
    (ANY, _pad),
    (ANY, _transpose),
    (ANY, _reshape),
    ((4,), _blocks),
    ((4,), _resize),
)
