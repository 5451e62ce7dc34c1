"""Memory over time as a drawing: time to the right, bytes of the activations array upwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from codegen.report.charts import Tick, nice_ticks
from codegen.report.sources import Json

WIDTH, HEIGHT = 720, 320
BOX = (64, 10, WIDTH - 10, HEIGHT - 40)
COLOURS = {"input": "subset", "output": "results", "tensor": "activations", "scratch": "kernels"}
# Pixels that a letter takes, and how low a rectangle with a name in it may be.
_LETTER, _LOWEST = 7, 14
_MOST_MARKS = 16


@dataclass(frozen=True)
class Rectangle:
    """A buffer: from when to when it lives, which bytes it takes.

    Attributes:
        text: its name, if it has room in the rectangle.
        steps: those at which it is first and last needed, in words.
    """

    name: str
    kind: str
    colour: str
    text: str
    offset: int
    size: int
    steps: tuple[str, str]
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Offer:
    """An array of another size.

    Attributes:
        more: bytes beyond what is needed now.
        faster: percent of estimated cycles that are saved; negative: that it costs.
        now: it is the one that was taken.
    """

    bytes: int
    more: int
    faster: float
    now: bool


@dataclass(frozen=True)
class Timeline:
    """All rectangles inside `box` (left, top, right, bottom) of a picture of width x height.

    Attributes:
        x_ticks: numbers of steps.
        fullest: x and width of the time at which most bytes are in use.
        used: bytes from the first to the last that are in use then.
        when: the step of that time, in words.
        steps: names of the layers of each step.
    """

    width: int
    height: int
    box: tuple[int, int, int, int]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    rectangles: tuple[Rectangle, ...]
    fullest: tuple[float, float]
    used: int
    when: str
    steps: tuple[str, ...]
    offers: tuple[Offer, ...]


def timeline(manifest: Json) -> Timeline | None:
    """The drawing of a manifest's `memory`; None for vendor code, which does not tell."""
    memory = manifest.get("memory")
    if not memory or not memory["buffers"]:
        return None
    left, top, right, bottom = BOX
    steps = tuple(" and ".join(names) for names in memory["steps"])
    times = 2 * len(steps) + 1
    marks = [mark for mark in nice_ticks(0, int(manifest["activations_bytes"])) if mark >= 0]
    column, byte = (right - left) / times, (bottom - top) / marks[-1]
    buffers: list[Any] = memory["buffers"]
    ends = {
        time: max(b["offset"] + b["bytes"] for b in buffers if b["first"] <= time <= b["last"])
        for time in range(times)
        if any(b["first"] <= time <= b["last"] for b in buffers)
    }
    fullest = max(ends, key=lambda time: (ends[time], -time))
    stride = max(1, -(-len(steps) // _MOST_MARKS))
    return Timeline(
        WIDTH,
        HEIGHT,
        BOX,
        tuple(
            Tick(round(left + (2 * step + 1) * column, 1), str(step))
            for step in range(0, len(steps), stride)
        ),
        tuple(Tick(round(bottom - mark * byte, 1), f"{mark:,.0f}") for mark in marks),
        tuple(_rectangle(buffer, steps, column, byte) for buffer in buffers),
        (round(left + fullest * column, 1), round(column, 1)),
        ends[fullest],
        _when(fullest, steps),
        steps,
        _offers(memory),
    )


def _rectangle(buffer: Json, steps: tuple[str, ...], column: float, byte: float) -> Rectangle:
    left, _, _, bottom = BOX
    first, last = int(buffer["first"]), int(buffer["last"])
    width, height = (last - first + 1) * column, max(1.0, int(buffer["bytes"]) * byte)
    name = str(buffer["name"])
    legible = height >= _LOWEST and len(name) * _LETTER <= width - 8
    return Rectangle(
        name,
        str(buffer["kind"]),
        COLOURS[buffer["kind"]],
        name if legible else "",
        int(buffer["offset"]),
        int(buffer["bytes"]),
        (_when(first, steps), _when(last, steps)),
        round(left + first * column, 1),
        round(bottom - (int(buffer["offset"]) * byte) - height, 1),
        round(width, 1),
        round(height, 1),
    )


def _when(time: int, steps: tuple[str, ...]) -> str:
    """A time in words."""
    step = time // 2
    return f"{step}, {steps[step]}" if step < len(steps) else "the end"


def _offers(memory: Json) -> tuple[Offer, ...]:
    """What an array of another size would cost, beside the one that was taken."""
    needed = memory["needed"]
    others = [each for each in memory["others"] if each["bytes"] != needed["bytes"]]
    return tuple(
        Offer(
            int(each["bytes"]),
            int(each["bytes"]) - int(needed["bytes"]),
            100 - 100 * (100 + each["slower_percent"]) / (100 + needed["slower_percent"]),
            each is needed,
        )
        for each in sorted([needed, *others], key=lambda each: each["bytes"])
    )
