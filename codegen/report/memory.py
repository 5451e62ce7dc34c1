"""The memory map as a drawing: each memory a bar, its sections side by side."""

from __future__ import annotations

from dataclasses import dataclass

from codegen.report.sources import Json

WIDTH = 720
# Narrower rectangles than this could not be seen, so they are drawn a little too wide.
_NARROWEST = 2.0
_COLOURS = {
    "nn_weights": "weights",
    "nn_kernels": "kernels",
    "nn_activations": "activations",
    "nn_subset": "subset",
    "nn_results": "results",
    "nn_stack": "stack",
    "text": "code",
}


@dataclass(frozen=True)
class Section:
    """A section: where its rectangle begins and how wide it is, in pixels."""

    name: str
    colour: str
    address: int
    size: int
    note: str
    x: float
    width: float


@dataclass(frozen=True)
class Bar:
    """A memory; `sections` in order of address, what is left of `WIDTH` is free."""

    name: str
    origin: int
    length: int
    used: int
    free: int
    sections: list[Section]

    @property
    def percent(self) -> float:
        """Share that is used."""
        return 100 * self.used / self.length


def bars(memory: Json) -> tuple[list[Bar], list[str]]:
    """The memories that hold something, and the names of those that hold nothing."""
    used, empty = [], []
    for region in memory.get("regions", []):
        if region["items"]:
            used.append(_bar(region))
        else:
            empty.append(str(region["name"]))
    return used, empty


def _bar(region: Json) -> Bar:
    origin, length = int(region["origin"]), int(region["length"])
    sections: list[Section] = []
    end = 0.0
    for item in region["items"]:
        place = (int(item["address"]) - origin) / length * WIDTH
        x = max(place, end)
        width = max(_NARROWEST, int(item["bytes"]) / length * WIDTH)
        x = min(x, WIDTH - width)
        end = x + width
        name = str(item["section"])
        colour = _COLOURS.get(name.lstrip(".").rstrip("_0123456789"), "other")
        where = int(item["address"]), int(item["bytes"])
        sections.append(
            Section(name, colour, *where, str(item["note"]), round(x, 2), round(width, 2))
        )
    return Bar(
        str(region["name"]), origin, length, int(region["used"]), int(region["free"]), sections
    )
