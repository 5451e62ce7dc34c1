"""The network as a drawing: a box for the input and one for each layer, from top to bottom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from codegen.report.sources import Json

WIDTH, BOX_HEIGHT, GAP = 420, 44, 22


@dataclass(frozen=True)
class Box:
    """A box; `y` is its upper edge, `bar` the width of its share of all multiply-accumulates."""

    name: str
    about: str
    size: str
    y: int
    bar: float


@dataclass(frozen=True)
class Drawing:
    """All boxes, WIDTH pixels wide."""

    height: int
    boxes: tuple[Box, ...]


def drawing(manifest: Json) -> Drawing:
    """The boxes of a manifest's input and layers."""
    layers: list[dict[str, Any]] = list(manifest.get("layers", []))
    macs = sum(int(layer.get("macs") or 0) for layer in layers) or 1
    rows: list[tuple[str, str, str, float]] = []
    if "input" in manifest:
        end = manifest["input"]
        shape = " x ".join(str(side) for side in end["shape"][1:])
        rows.append((str(end["name"]), "input", f"int8 {shape}", 0.0))
    for layer in layers:
        op = str(layer.get("op", "")).replace("_", " ")
        relu = ", ReLU" if str(layer.get("title", "")).endswith(", ReLU") else ""
        outputs = layer.get("output_size")
        size = "" if outputs is None else f"{outputs:,} outputs"
        share = int(layer.get("macs") or 0) / macs
        rows.append((str(layer.get("name", "")), f"{op}{relu}", size, share))
    boxes = [
        Box(name, about, size, index * (BOX_HEIGHT + GAP), round(share * WIDTH, 1))
        for index, (name, about, size, share) in enumerate(rows)
    ]
    return Drawing(max(1, len(boxes)) * (BOX_HEIGHT + GAP) - GAP, tuple(boxes))
