"""How near a regression's values are to their labels, drawn value by value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from codegen.arrays import Array
from codegen.report.charts import Scatter, scatter
from codegen.report.sources import Sources
from support.described import TARGETS, UNITS, unpacked
from support.scores import RegressionScore, of_values

# Charts of more values, and more points in one, make a page nobody looks through.
_MOST_CHARTS = 12
_MOST_POINTS = 600


@dataclass(frozen=True)
class ValueScore:
    """One value of the output: its unit or "", its score, and its chart or None."""

    unit: str
    score: RegressionScore
    chart: Scatter | None


@dataclass(frozen=True)
class Regression:
    """All values of all labelled inputs, as the integer reference has them.

    Attributes:
        total: inputs.
        unit: of all values, or "".
        each: value of the output, in its order.
    """

    total: int
    unit: str
    overall: RegressionScore
    each: list[ValueScore]


def regression(sources: Sources) -> Regression | None:
    """The reference's values beside the labels; None for inputs without such."""
    reference = sources.reference
    if TARGETS not in reference or not len(reference[TARGETS]):
        return None
    quantization = sources.manifest["outputs"][0]
    labels = reference[TARGETS].astype(np.float64)
    stored = reference["outputs"].astype(np.float64)
    found = (stored - quantization["zero_point"]) * quantization["scale"]
    units = unpacked(reference[UNITS].tobytes()) if UNITS in reference else ()
    common = units[0] if len({*units}) == 1 else ""
    values = []
    for index, (label, output) in enumerate(zip(labels.T, found.T, strict=True)):
        unit = units[index] if index < len(units) else common
        values.append(
            ValueScore(
                unit,
                of_values([label.tolist()], [output.tolist()]),
                _chart(index, label, output, unit) if index < _MOST_CHARTS else None,
            )
        )
    overall = of_values(labels.T.tolist(), found.T.tolist())
    return Regression(len(labels), common, overall, values)


def _chart(index: int, labels: Array, outputs: Array, unit: str) -> Scatter:
    shown = np.linspace(0, len(labels) - 1, min(_MOST_POINTS, len(labels))).astype(int)
    points = list(zip(labels[shown].tolist(), outputs[shown].tolist(), strict=True))
    return scatter(f"Value {index} by its label", points, unit and f" {unit}")
