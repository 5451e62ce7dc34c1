"""The network's weights and activations: how they are spread over the bytes they are stored in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from codegen.input_range import MOST_CLIPPED
from codegen.ir.graph import Graph, Value
from codegen.ops import computes
from codegen.reference import split
from codegen.report.charts import Histogram, histogram
from codegen.report.sources import Sources

Int8Array = npt.NDArray[np.int8]


@dataclass(frozen=True)
class Spread:
    """One tensor.

    Attributes:
        low, high: real values of the stored range's ends.
        seen: smallest and largest real value that occurs.
        clipped: share of the values at an end where clipping happens, 0..1; a fused ReLU's end,
            where real zeros lie, does not count.
        levels: how many of the 256 bytes occur.
        note: what else is worth telling.
    """

    name: str
    kind: str
    shape: str
    scale: str
    zero_point: int
    low: float
    high: float
    seen: tuple[float, float]
    clipped: float
    levels: int
    histogram: Histogram
    note: str = ""
    flag: str = ""


def spreads(sources: Sources) -> list[Spread]:
    """Input, then each layer's weights and output, as far as they are quantized and known."""
    graph, reference = sources.graph, sources.reference
    if graph is None:
        return []
    found = []
    whose = "seeded random inputs" if sources.random else "inputs"
    if "inputs" in reference:
        found += _inputs(graph, reference["inputs"], whose)
    for index, op in enumerate(op for op in graph.ops if computes(op)):
        weights = getattr(op, "weights", None)
        if weights is not None:
            found.append(_weights(op))
        output = op.outputs[0]
        if f"layer_{index}" in reference and output.type.quantization is not None:
            name = f"output of {op.name}"
            found.append(_activation(name, output, reference[f"layer_{index}"], whose))
    return found


def _inputs(graph: Graph, rows: Int8Array, whose: str) -> list[Spread]:
    found = split(graph.inputs, rows)
    one = len(graph.inputs) == 1
    return [
        _activation("input" if one else f"input {value.name}", value, found[value], whose)
        for value in graph.inputs
    ]


def _activation(name: str, value: Value, values: Int8Array, whose: str) -> Spread:
    scale, zero = float(value.quantization.scale), value.quantization.zero_point
    edges = [end for end in (-128, 127) if end != zero]
    clipped = float(np.isin(values, edges).mean()) if values.size else 0.0
    return Spread(
        name,
        "activations",
        " x ".join(str(side) for side in value.shape[1:]),
        f"{scale:.6g}",
        zero,
        scale * (-128 - zero),
        scale * (127 - zero),
        (scale * (int(values.min()) - zero), scale * (int(values.max()) - zero)),
        clipped,
        len(np.unique(values)),
        histogram(values, scale, zero),
        f"{len(values):,} {whose}",
        # Random inputs leave the range that calibration found, and mean nothing by it.
        f"{100 * clipped:.1f} % clipped" if clipped > MOST_CLIPPED and whose == "inputs" else "",
    )


def _weights(node: Any) -> Spread:
    """Weights may have one scale for each output: then the axis shows the bytes themselves."""
    scales = np.asarray(node.weight_scales, np.float64)
    values: Int8Array = node.weights
    real = values.reshape(len(values), -1).astype(np.float64) * scales[:, None]
    widest = float(scales.max())
    alike = bool(np.all(scales == scales[0]))
    return Spread(
        f"weights of {node.name}",
        "weights",
        " x ".join(str(side) for side in values.shape),
        f"{widest:.6g}" if alike else f"{scales.min():.3g} to {widest:.3g}",
        0,
        -128 * widest,
        127 * widest,
        (float(real.min()), float(real.max())),
        float(np.isin(values, (-128, 127)).mean()),
        len(np.unique(values)),
        histogram(values, widest if alike else 1.0, 0),
        "one scale for all" if alike else f"{len(scales)} scales, one per output",
    )


def layer_shapes(graph: Graph | None) -> list[str]:
    """Of each computed layer: "784 to 128"."""
    if graph is None:
        return []
    return [f"{_sizes(op.inputs)} to {_sizes(op.outputs)}" for op in graph.ops if computes(op)]


def _sizes(values: tuple[Value, ...]) -> str:
    return " and ".join(str(value.size) for value in values)
