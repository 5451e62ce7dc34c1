"""The drawing of any network: boxes apart, arrows along every edge and through no box."""

from __future__ import annotations

from itertools import combinations, pairwise
from typing import Any

import numpy as np
import pytest

from codegen.report.drawing import Drawing, drawing


def random_network(seed: int) -> dict[str, Any]:
    """A manifest of up to 14 layers, each of which reads one to three of what is above it."""
    rng = np.random.default_rng(seed)
    inputs, layers = int(rng.integers(1, 4)), int(rng.integers(1, 15))
    ends = [("input", index) for index in range(inputs)]
    edges = []
    for number in range(layers):
        count = min(len(ends), int(rng.integers(1, 4)))
        for source in rng.choice(len(ends), count, replace=False):
            edges.append({"from": list(ends[source]), "to": ["layer", number], "shape": [1]})
        ends.append(("layer", number))
    return {
        "inputs": [{"name": f"in{k}", "shape": [1, 4], "type": "int8"} for k in range(inputs)],
        "layers": [{"name": f"layer{k}", "op": "add", "output_size": 4} for k in range(layers)],
        "edges": edges,
    }


def touches_a_box(drawn: Drawing, start: tuple[float, float], end: tuple[float, float]) -> bool:
    """Whether a line has a point inside of a box, looked for at a hundred of them."""
    for share in np.linspace(0.005, 0.995, 100):
        x, y = (a + (b - a) * share for a, b in zip(start, end, strict=True))
        for box in drawn.boxes:
            inside = box.x < x < box.x + drawn.box_width
            if inside and box.y < y < box.y + drawn.box_height:
                return True
    return False


@pytest.mark.parametrize("seed", range(40))
def test_boxes_are_apart_and_arrows_between_them(seed: int) -> None:
    manifest = random_network(seed)
    drawn = drawing(manifest)
    places = {box.name: box for box in drawn.boxes}
    for one, other in combinations(drawn.boxes, 2):
        beside = abs(one.x - other.x) >= drawn.box_width
        assert beside or abs(one.y - other.y) >= drawn.box_height, (one, other)
    for box in drawn.boxes:
        assert 0 <= box.x <= drawn.width - drawn.box_width
        assert 0 <= box.y <= drawn.height - drawn.box_height
    ends = set()
    for arrow in drawn.arrows:
        for start, end in pairwise(arrow):
            assert start[1] < end[1], "an arrow goes up"
            assert not touches_a_box(drawn, start, end)
        ends.add((arrow[0], arrow[-1]))
    prefix = {"input": "in", "layer": "layer"}
    expected = set()
    for edge in manifest["edges"]:
        (kind, k), (_, number) = edge["from"], edge["to"]
        above, below = places[f"{prefix[kind]}{k}"], places[f"layer{number}"]
        middle = drawn.box_width / 2
        bottom = (above.x + middle, above.y + drawn.box_height)
        expected.add((bottom, (below.x + middle, below.y)))
    assert ends == expected


def test_a_line_is_one_column() -> None:
    manifest = random_network(0) | {"inputs": [], "edges": []}
    drawn = drawing(manifest)
    assert {box.x for box in drawn.boxes} == {0}
    assert len(drawn.arrows) == len(drawn.boxes) - 1
