"""The network as a drawing: a box for each input and each layer, from top to bottom."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from codegen.report.ranks import Edge, in_ranks
from codegen.report.sources import Json

# Pixels. Where the network branches, boxes are narrower, and edges have room to change columns.
WIDTH, BOX_HEIGHT, GAP = 420, 44, 22
NARROW, WIDE_GAP, BEND = 250, 34, 16

Point = tuple[float, float]


@dataclass(frozen=True)
class Box:
    """A box; `x` and `y` are its upper left corner, `bar` the width of its share of all
    multiply-accumulates."""

    name: str
    about: str
    size: str
    x: float
    y: int
    bar: float


@dataclass(frozen=True)
class Drawing:
    """All boxes, `box_width` pixels wide, and the points of the arrows between them."""

    width: int
    height: int
    box_width: int
    box_height: int
    boxes: tuple[Box, ...]
    arrows: tuple[tuple[Point, ...], ...]


@dataclass(frozen=True)
class _Text:
    """What a box tells; `share` is that of all multiply-accumulates."""

    name: str
    about: str
    size: str
    share: float


def drawing(manifest: Json) -> Drawing:
    """The boxes of a manifest's inputs and layers, and what goes from one to another.

    A manifest without edges, such as that of vendor code, is a line.
    """
    single = [manifest["input"]] if "input" in manifest else []
    inputs: list[dict[str, Any]] = list(manifest.get("inputs", single))
    layers: list[dict[str, Any]] = list(manifest.get("layers", []))
    texts = [*map(_input, inputs), *_layers(layers)]
    first = {"input": 0, "layer": len(inputs)}
    edges = [
        (first[edge["from"][0]] + edge["from"][1], first[edge["to"][0]] + edge["to"][1])
        for edge in manifest.get("edges", [])
        if edge["to"][0] in first
    ]
    return _draw(texts, edges or list(pairwise(range(len(texts)))))


def _input(end: dict[str, Any]) -> _Text:
    shape = " x ".join(str(side) for side in end["shape"][1:])
    return _Text(str(end["name"]), "input", f"{end.get('type', 'int8')} {shape}", 0.0)


def _layers(layers: list[dict[str, Any]]) -> list[_Text]:
    macs = sum(int(layer.get("macs") or 0) for layer in layers) or 1
    texts = []
    for layer in layers:
        op = str(layer.get("op", "")).replace("_", " ")
        activation = f", {layer['activation']}" if layer.get("activation") else ""
        outputs = layer.get("output_size")
        size = "" if outputs is None else f"{outputs:,} outputs"
        share = int(layer.get("macs") or 0) / macs
        texts.append(_Text(str(layer.get("name", "")), f"{op}{activation}", size, share))
    return texts


def _draw(texts: list[_Text], edges: list[Edge]) -> Drawing:
    order = in_ranks(len(texts), edges)
    line = all(len(rank) == 1 for rank in order.ranks)
    box, gap = (WIDTH, GAP) if line else (NARROW, WIDE_GAP)
    widths = [[box if node < len(texts) else BEND for node in rank] for rank in order.ranks]
    full = [sum(rank) + gap * (len(rank) - 1) for rank in widths]
    width = max((WIDTH, *full))
    middle: dict[int, float] = {}
    top: dict[int, int] = {}
    for number, rank in enumerate(order.ranks):
        x = (width - full[number]) / 2
        for node, own in zip(rank, widths[number], strict=True):
            middle[node] = x + own / 2
            top[node] = number * (BOX_HEIGHT + gap)
            x += own + gap
    arrows = []
    for way in order.ways:
        points: list[Point] = []
        for node in way:
            points += [(middle[node], top[node]), (middle[node], top[node] + BOX_HEIGHT)]
        arrows.append(tuple(points[1:-1]))
    boxes = [
        Box(
            text.name,
            text.about,
            text.size,
            middle[node] - box / 2,
            top[node],
            round(text.share * box, 1),
        )
        for node, text in enumerate(texts)
    ]
    height = max(1, len(order.ranks)) * (BOX_HEIGHT + gap) - gap
    return Drawing(width, height, box, BOX_HEIGHT, tuple(boxes), tuple(arrows))
