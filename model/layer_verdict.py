"""What became of a network's layers: a line each, every differing byte, the first that is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from model.exact import BOUNDED, accepted
from model.layers import Forced, Layer
from support.progress import SOON, track

LISTED = 20
"""Differing bytes printed of each layer; the file has them all."""


@dataclass(frozen=True)
class Judged:
    """A layer, and which of its differing bytes its exact value explains.

    Attributes:
        explained: of the bytes' shape, among those that differ.
    """

    layer: Layer
    explained: npt.NDArray[np.bool_]

    @property
    def name(self) -> str:
        """The tensor and its operator, for people."""
        return f"'{self.layer.tensor.name}' ({self.layer.operator})"

    @property
    def differing(self) -> int:
        """How many bytes differ."""
        return int(self.layer.differing.sum())

    @property
    def unexplained(self) -> int:
        """How many differ for another reason than a tie."""
        return int((self.layer.differing & ~self.explained).sum())


def judge(forced: Forced) -> list[Judged]:
    """Hold each layer against its exact values."""
    shown = track(forced.layers, "layers, exact values", len(forced.layers), after=SOON)
    return [Judged(layer, accepted(forced, layer)) for layer in shown]


def first_wrong(judged: Sequence[Judged]) -> Judged | None:
    """The first layer with a difference that nothing explains."""
    return next((each for each in judged if each.unexplained), None)


def report(origin: str, by: str, judged: Sequence[Judged]) -> dict[str, Any]:
    """What the JSON file holds."""
    wrong = first_wrong(judged)
    return {
        "network": origin,
        "by": by,
        "inputs": len(judged[0].layer.reference) if judged else 0,
        "first_wrong": wrong.layer.tensor.name if wrong else None,
        "layers": [
            {
                "tensor": each.layer.tensor.name,
                "operator": each.layer.operator,
                "bytes": each.layer.reference.size,
                "differing": each.differing,
                "unexplained": each.unexplained,
                "list": [
                    {"input": row, "element": element, "reference": ours, by: theirs, "tie": tie}
                    for row, element, ours, theirs, tie in _differences(each)
                ],
            }
            for each in judged
        ],
    }


def _differences(judged: Judged) -> Iterator[tuple[int, int, float, float, bool]]:
    """Input, element of the flattened tensor, both values, whether it is explained."""
    layer = judged.layer
    flat = [
        values.reshape(len(values), -1)
        for values in (layer.differing, layer.reference, layer.oracle, judged.explained)
    ]
    for row, element in np.argwhere(flat[0]).tolist():
        ours, theirs, tie = (values[row, element].item() for values in flat[1:])
        yield row, element, ours, theirs, tie


def render(by: str, judged: Sequence[Judged]) -> str:
    """The table for people, without a line end at the end."""
    return "\n".join(_lines(by, judged))


def _lines(by: str, judged: Sequence[Judged]) -> Iterator[str]:
    inputs = len(judged[0].layer.reference) if judged else 0
    yield f"Layers compared with {by}, each from the reference's own bytes ({inputs:,} inputs)"
    yield f"  {'layer':<52}{'bytes':>12}{'differ':>9}{'unexplained':>13}"
    for each in judged:
        size, counts = each.layer.reference.size, (each.differing, each.unexplained)
        name = each.name if len(each.name) <= 51 else f"…{each.name[-50:]}"
        yield f"  {name:<52}{size:>12,}{counts[0]:>9,}{counts[1]:>13,}"
        for number, found in enumerate(_differences(each)):
            if number == LISTED:
                yield f"      and {each.differing - LISTED:,} more, see the file"
                break
            row, element, ours, theirs, tie = found
            yield (
                f"      input {row}, element {element}: reference {ours:g}, {by} {theirs:g}, "
                f"{_reason(each.layer, tie)}"
            )
    compared, differing, left = (
        sum(numbers)
        for numbers in zip(
            *((each.layer.reference.size, each.differing, each.unexplained) for each in judged),
            strict=True,
        )
    )
    yield (
        f"  {differing:,} of {compared:,} bytes differ, {differing - left:,} for rounding at a "
        f"boundary or within a function's bound, {left:,} for another reason"
    )


def _reason(layer: Layer, explained: bool) -> str:
    """Why a byte may differ, in a few words."""
    if layer.operator in BOUNDED:
        bound = f"its bound of {BOUNDED[layer.operator]}"
        return f"within {bound}" if explained else f"beyond {bound}"
    return "its exact value lies on a rounding boundary" if explained else "NOT on a boundary"
