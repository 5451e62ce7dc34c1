"""A network's inputs as its generated pre-processing sees them: data in, quantized bytes out."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from codegen.ir.graph import Graph, Value
from codegen.ir.preprocessing import SIGNS, Arithmetic, describe, undo
from codegen.ir.types import Float32Array, Layout
from codegen.literals import c_float

INTEGERS_SPAN = 100
"""From its smallest to its largest, an input that whole numbers make sense for."""

# How much of an input has one and the same constant; the largest of several steps' counts.
_WHOLE, _CHANNEL, _ELEMENT = range(3)
_A_LINE = 6


@dataclass(frozen=True)
class Step:
    """An operation in float32 on each value.

    Attributes:
        left, right: its operands as C; `x` is the value.
        sign: what is between them.
        table: name of the table of its constants, or "".
        numbers: lines of literals that the table holds.
        count: numbers in the table.
    """

    left: str
    sign: str
    right: str
    table: str
    numbers: tuple[str, ...]
    count: int


@dataclass(frozen=True)
class Window:
    """A time series that is an input: so many samples, the oldest first, of so many channels."""

    samples: int
    channels: int
    channels_last: bool


@dataclass(frozen=True)
class Preprocessed:
    """An input of data.

    Attributes:
        number: from 1 on, as the interfaces count.
        size: its elements.
        scale: a C literal.
        description: what data goes through before it is quantized; empty: nothing.
        steps: the same as C.
        index: of a step's table, as C, for element `i`; empty where no step has one.
        integers: whether data may be whole numbers.
        window: None where the input is no time series.
    """

    number: int
    size: int
    scale: str
    zero_point: int
    description: str
    steps: tuple[Step, ...]
    index: str
    integers: bool
    window: Window | None


def preprocessed_inputs(graph: Graph) -> list[Preprocessed]:
    """Of all inputs that are quantized."""
    return [
        _input(index + 1, value, graph.from_data(index))
        for index, value in enumerate(graph.inputs)
        if value.type.quantization is not None
    ]


def _input(number: int, value: Value, arithmetic: tuple[Arithmetic, ...]) -> Preprocessed:
    tables = [np.broadcast_to(step.constant, value.shape) for step in arithmetic]
    extent = max(map(_extent, tables), default=_WHOLE)
    steps = tuple(
        _step(step, value, table, extent, f"step_{number}_{position + 1}")
        for position, (step, table) in enumerate(zip(arithmetic, tables, strict=True))
    )
    return Preprocessed(
        number=number,
        size=value.size,
        scale=c_float(value.quantization.scale),
        zero_point=value.quantization.zero_point,
        description=describe(arithmetic),
        steps=steps,
        index=_index(value, extent),
        integers=_spans_integers(value, arithmetic),
        window=None if extent == _ELEMENT else _window(value),
    )


def _extent(table: Float32Array) -> int:
    """Whether an input's constants, of its shape, differ: not, by channel, or by element."""
    first = table.reshape(-1)[0]
    if (table == first).all():
        return _WHOLE
    channels = table.reshape(*table.shape[:2], -1)
    return _CHANNEL if (channels == channels[..., :1]).all() else _ELEMENT


def _step(step: Arithmetic, value: Value, table: Float32Array, extent: int, name: str) -> Step:
    literals: list[str] = []
    if _extent(table) == _WHOLE:
        name, constant = "", c_float(table.reshape(-1)[0])
    else:
        row = value.type.store(table)[0]
        if extent == _CHANNEL:
            row = table.reshape(*table.shape[:2], -1)[0, :, 0]
        literals = [c_float(number) for number in row]
        constant = f"{name}[index]"
    left, right = (constant, "x") if step.constant_first else ("x", constant)
    lines = (literals[at : at + _A_LINE] for at in range(0, len(literals), _A_LINE))
    numbers = tuple(", ".join(line) + "," for line in lines)
    return Step(left, SIGNS[step.function], right, name, numbers, len(literals))


def _index(value: Value, extent: int) -> str:
    """Which of a table's numbers element `i` takes, in the order of the bytes."""
    if extent == _WHOLE:
        return ""
    positions = prod(value.shape[2:])
    if extent == _ELEMENT or positions == 1:
        return "i"
    if value.type.layout is Layout.CHANNELS_LAST:
        return f"i % {value.shape[1]}"
    return f"i / {positions}"


def _window(value: Value) -> Window | None:
    """[1, channels, samples], where images have two such axes."""
    samples = [size for size in value.shape[2:] if size > 1]
    if len(value.shape) < 3 or len(samples) != 1:
        return None
    return Window(samples[0], value.shape[1], value.type.layout is Layout.CHANNELS_LAST)


def _spans_integers(value: Value, arithmetic: tuple[Arithmetic, ...]) -> bool:
    """Whether the data that the input can hold reaches over numbers enough."""
    ends = np.full((2, *value.shape[1:]), -128, np.int8)
    ends[1] = 127
    real = undo(arithmetic, value.quantization.dequantize(ends))
    return bool(np.abs(real[1] - real[0]).mean() >= INTEGERS_SPAN)
