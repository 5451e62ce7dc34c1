"""Geometry of charts: from numbers to coordinates. The SVG around them is in the templates."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Tick:
    """A mark on an axis: where, in pixels, and what stands there."""

    at: float
    text: str


@dataclass(frozen=True)
class Line:
    """One line of a chart; `points` as SVG wants them, `last` its last value as text."""

    name: str
    points: str
    last: str


@dataclass(frozen=True)
class Chart:
    """A line chart inside the box (left, top, right, bottom) of a picture of width x height."""

    title: str
    width: int
    height: int
    box: tuple[int, int, int, int]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Scatter:
    """Points over two axes of the same numbers, in a square box (left, top, right, bottom); what
    lies on the rising diagonal is right.

    Attributes:
        path: SVG path data, a dot each.
    """

    title: str
    width: int
    height: int
    box: tuple[int, int, int, int]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    path: str
    count: int


@dataclass(frozen=True)
class Histogram:
    """How often each stored byte occurs, as the outline of its bars.

    Attributes:
        path: SVG path data, closed along the bottom.
        marks: positions on the axis of stored values: ends and zero point.
    """

    width: int
    height: int
    path: str
    marks: tuple[Tick, ...]


def nice_ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round numbers that cover low..high, about that many of them."""
    span = high - low or 1.0
    step = 10 ** math.floor(math.log10(span / about))
    step *= next(factor for factor in (1, 2, 5, 10) if span / (step * factor) <= about)
    first = math.floor(low / step + 1e-9)
    last = math.ceil(high / step - 1e-9)
    return [round(n * step, 12) for n in range(first, last + 1)]


def line_chart(
    title: str, series: Mapping[str, Sequence[tuple[float, float]]], unit: str = ""
) -> Chart:
    """Lines over a common horizontal axis that begins at 1 (epochs).

    Args:
        series: name -> (x, y) pairs, at least one.
        unit: behind the numbers of the vertical axis.
    """
    width, height = 420, 230
    left, top, right, bottom = 54, 12, width - 12, height - 34
    xs = [x for points in series.values() for x, _ in points]
    ys = [y for points in series.values() for _, y in points]
    marks = nice_ticks(min(ys), max(ys))
    low, high, end = marks[0], marks[-1], max(*xs, 2)

    def place_x(x: float) -> float:
        return round(left + (x - 1) / (end - 1) * (right - left), 1)

    def place_y(y: float) -> float:
        return round(bottom - (y - low) / (high - low) * (bottom - top), 1)

    across = [x for x in nice_ticks(0, end, 6) if 1 <= x <= end and x == int(x)]
    return Chart(
        title,
        width,
        height,
        (left, top, right, bottom),
        tuple(Tick(place_x(x), f"{x:g}") for x in sorted({1, *across})),
        tuple(Tick(place_y(y), f"{y:g}{unit}") for y in marks),
        tuple(
            Line(
                name,
                " ".join(f"{place_x(x)},{place_y(y)}" for x, y in points),
                f"{points[-1][1]:.4g}{unit}",
            )
            for name, points in series.items()
        ),
    )


def scatter(title: str, points: Sequence[tuple[float, float]], unit: str = "") -> Scatter:
    """Points (label, value), at least one, over axes that hold all of them.

    Args:
        unit: behind the numbers of the vertical axis.
    """
    side, left, top = 300, 64, 12
    right, bottom = left + side, top + side
    marks = nice_ticks(min(map(min, points)), max(map(max, points)))
    low, step = marks[0], side / (marks[-1] - marks[0])
    across = [round(left + (x - low) * step, 1) for x, _ in points]
    down = [round(bottom - (y - low) * step, 1) for _, y in points]
    return Scatter(
        title,
        right + 24,
        bottom + 34,
        (left, top, right, bottom),
        tuple(Tick(round(left + (x - low) * step, 1), f"{x:g}") for x in marks),
        tuple(Tick(round(bottom - (y - low) * step, 1), f"{y:g}{unit}") for y in marks),
        "".join(f"M{x:g} {y:g}h0" for x, y in zip(across, down, strict=True)),
        len(points),
    )


def histogram(values: npt.NDArray[np.int8], scale: float, zero_point: int) -> Histogram:
    """Stored bytes -128..127, heights logarithmic: rare values stay visible beside the zeros.

    Args:
        values: int8, any shape.
        scale, zero_point: real = scale * (q - zero_point), for the marks.
    """
    width, height = 384, 96
    counts = np.bincount(values.reshape(-1).astype(np.int16) + 128, minlength=256)
    heights = np.log1p(counts)
    heights = heights / (heights.max() or 1.0) * (height - 4)
    step = width / 256
    parts = ["M0 " + str(height)]
    before = -1.0
    for column, bar in enumerate(heights):
        y = round(height - float(bar), 1)
        if y != before:
            parts.append(f"H{round(column * step, 1):g}V{y:g}")
            before = y
    parts.append(f"H{width}V{height}Z")
    edges = sorted({-128, zero_point, 127})
    marks = tuple(
        Tick(round((q + 128.5) * step, 1), f"{scale * (q - zero_point):.3g}") for q in edges
    )
    return Histogram(width, height, "".join(parts), marks)
